//! What a comprehension does is a chain of combinators: two loops, a filter, and a collection of choice.
//!
//! Run it with `cargo run --example 23_comprehension`.
//!
//! You see the pairs of an even and an odd number below five,
//! `[(0, 1), (0, 3), (2, 1), (2, 3), (4, 1), (4, 3)]`, then each tick with its square.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;
use std::future::ready;

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
    let short = Duration::from_millis(5);
    let pairs: Vec<_> = ticker(short, 5)
        .flat_map(|i| ticker(short, 5).map(move |j| (i, j)))
        .filter(|(i, j)| ready(i % 2 == 0 && j % 2 == 1))
        .collect()
        .await;
    println!("{pairs:?}");

    let squares: BTreeMap<_, _> = ticker(short, 5).map(|i| (i, i * i)).collect().await;
    println!("{squares:?}");
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("comprehension").run_until(run())?
}
