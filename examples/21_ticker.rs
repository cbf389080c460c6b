//! An asynchronous iterator is a `Stream`: a type with `poll_next`, read with `while let`.
//!
//! Run it with `cargo run --example 21_ticker`.
//!
//! You see 0 to 9, the first at once and then one each 50 ms, and `hm?` when there are no more.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::pin::Pin;
use std::task::{Poll, ready};

use futures_util::{Stream, StreamExt};
use mainspring::prelude::*;
use tokio::time::{Interval, interval};

struct Ticker {
    /// Its first tick is at once.
    interval: Interval,
    next: u32,
    to: u32,
}

impl Ticker {
    fn new(delay: Duration, to: u32) -> Self {
        Ticker { interval: interval(delay), next: 0, to }
    }
}

impl Stream for Ticker {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Option<u32>> {
        if self.next == self.to {
            return Poll::Ready(None);
        }
        ready!(self.interval.poll_tick(cx));
        self.next += 1;
        Poll::Ready(Some(self.next - 1))
    }
}

async fn run() -> Result {
    let mut ticker = Ticker::new(Duration::from_millis(50), 10);
    while let Some(tick) = ticker.next().await {
        println!("{tick}");
    }
    println!("hm?");
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("ticker").run_until(run())?
}
