//! A cancelled task is dropped where it waits, after its cleanup: whoever awaits it knows that it is gone.
//!
//! Run it with `cargo run --example 12_cancel`.
//!
//! You see that `finished` never comes, and why one awaits a task that one has cancelled: the second one
//! has something to tell the statistics first, whatever becomes of it, and that takes time.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

async fn work() {
    println!("start");
    sleep(Duration::from_millis(200)).await;
    println!("finished");
}

/// Stands in for a request to another server.
async fn tell_statistics() {
    sleep(Duration::from_millis(20)).await;
    println!("the statistics are told");
}

async fn cancel(task: Task<()>) {
    sleep(Duration::from_millis(50)).await;
    task.cancel_with("nobody needs it");
    println!("task.cancel() called");
    match task.await {
        Err(error) if error.is_cancelled() => println!("task successfully cancelled: {error}"),
        outcome => println!("it ended otherwise: {outcome:?}"),
    }
}

async fn run() -> Result {
    cancel(spawn(work())).await;
    cancel(spawn(finally(work(), tell_statistics()))).await;
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("cancel").run_until(run())?
}
