//! A future is anything with a `poll`: this one runs another and measures how long it took.
//!
//! Run it with `cargo run --example 07_timer`.
//!
//! You see `test`, the value of the future inside, and about 100 ms, which the timer keeps after its end.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::pin::Pin;
use std::task::{Poll, ready};

use mainspring::prelude::*;
use tokio::time::{Instant, sleep};

struct Timer<F> {
    inner: Pin<Box<F>>,
    started: Option<Instant>,
    spent: Duration,
}

impl<F: Future> Timer<F> {
    fn new(inner: F) -> Self {
        Timer { inner: Box::pin(inner), started: None, spent: Duration::ZERO }
    }
}

impl<F: Future> Future for Timer<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<F::Output> {
        // A future does nothing before its first poll, so time counts from there.
        let started = *self.started.get_or_insert_with(Instant::now);
        let output = ready!(self.inner.as_mut().poll(cx));
        self.spent = started.elapsed();
        Poll::Ready(output)
    }
}

async fn later(text: &str) -> &str {
    sleep(Duration::from_millis(100)).await;
    text
}

async fn run() -> Result {
    let mut timer = Timer::new(later("test"));
    let text = (&mut timer).await;
    println!("{text}");
    println!("spent {} ms", timer.spent.as_millis());
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("timer").run_until(run())?
}
