//! A generator is a block that yields: `stream!` makes a `Stream` of it.
//!
//! Run it with `cargo run --example 22_generator`.
//!
//! You see 0 to 9, one each 50 ms. It is the ticker of the example before, without a type of its own.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::pin::pin;

use async_stream::stream;
use futures_util::{Stream, StreamExt};
use mainspring::prelude::*;
use tokio::time::sleep;

fn ticker(delay: Duration, to: u32) -> impl Stream<Item = u32> {
    stream! {
        for tick in 0..to {
            yield tick;
            sleep(delay).await;
        }
    }
}

async fn run() -> Result {
    // It borrows from itself between two polls, so it has to stay where it is.
    let mut ticks = pin!(ticker(Duration::from_millis(50), 10));
    while let Some(tick) = ticks.next().await {
        println!("{tick}");
    }
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("generator").run_until(run())?
}
