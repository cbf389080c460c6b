//! A task may catch its cancellation and go on; then it has to bound what it does by itself.
//!
//! Run it with `cargo run --example 13_ninja`.
//!
//! You see `start`, `task.cancel() called`, `ninja coroutine!`. The ninja goes on, and wants to save
//! something on a disk that does not answer: a time-out of 100 ms sees to it that `finished` comes.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::future::pending;

use mainspring::cancel::catch_cancel;
use mainspring::prelude::*;
use tokio::time::sleep;

async fn ninja() {
    println!("start");
    if catch_cancel(sleep(Duration::from_millis(200))).await.is_err() {
        println!("ninja coroutine!");
    }
    // Without a bound this would hold up the end of the process.
    let saved = timeout(Duration::from_millis(100), pending::<()>()).await;
    println!("finished, saved: {}", saved.is_ok());
}

async fn run() -> Result {
    let task = spawn(ninja());
    sleep(Duration::from_millis(50)).await;
    task.cancel();
    println!("task.cancel() called");
    let outcome = task.await;
    println!("cancelled: {}", outcome.is_err());
    Ok(())
}

fn main() -> Result {
    // One thread, so that the task hears of its cancellation when this one waits, not before.
    Entrypoint::new("ninja").runtime(Runtime::Current).run_until(run())?
}
