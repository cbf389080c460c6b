//! `as_completed` gives outcomes as they come: the fastest task first.
//!
//! Run it with `cargo run --example 17_as_completed`.
//!
//! The tasks are spawned from the slowest to the fastest, and you see 0 to 9, one each 50 ms. With a limit
//! of 175 ms the second round gives the first four, and then an error instead of the rest.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

async fn delayed(steps: u32) -> u32 {
    sleep(Duration::from_millis(50) * steps).await;
    steps
}

async fn run() -> Result {
    let tasks = (0..10).rev().map(|steps| spawn(delayed(steps)));
    let mut outcomes = as_completed(tasks);
    while let Some(outcome) = outcomes.next().await {
        println!("{}", outcome?);
    }

    let tasks = (0..10).rev().map(|steps| spawn(delayed(steps)));
    let mut outcomes = as_completed(tasks).timeout(Duration::from_millis(175));
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(outcome) => println!("in time: {}", outcome?),
            Err(elapsed) => println!("{elapsed}"),
        }
    }
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("as_completed").run_until(run())?
}
