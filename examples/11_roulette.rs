//! `gather` gives the first error at once and lets the others run on; `gather_settled` waits for all.
//!
//! Run it with `cargo run --example 11_roulette`.
//!
//! Eight triggers are pulled, one each 50 ms, and the fourth fires. You see `0 is OK` to `2 is OK`,
//! `Boooom!`, and yet `4 is OK` to `7 is OK`. The second time the error is one outcome of eight. (A group
//! whose tasks end with the first error is `scope`.)

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

async fn trigger(position: u32) -> Result<u32> {
    sleep(Duration::from_millis(50) * position).await;
    if position == 3 {
        return Err("Boooom!".into());
    }
    println!("{position} is OK");
    Ok(position)
}

async fn run() -> Result {
    match gather((0..8).map(trigger)).await {
        Ok(positions) => println!("all of {positions:?} are OK"),
        Err(error) => println!("{error}"),
    }
    sleep(Duration::from_millis(500)).await;

    println!("once more, to the end");
    let outcomes = gather_settled((0..8).map(trigger)).await;
    for outcome in &outcomes {
        match outcome {
            Ok(position) => println!("settled: {position}"),
            Err(error) => println!("settled: {error}"),
        }
    }
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("roulette").run_until(run())?
}
