//! `wait` sorts tasks into those that are done and those that are pending; it cancels none.
//!
//! Run it with `cargo run --example 16_wait`.
//!
//! Odd ids are on a slow disk. After 100 ms five are done and five pending; the handles come back, so the
//! rest can be waited for again. Then one of ten fails, and the wait for the first error is over at once.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

async fn exists(id: u32) -> Result<bool, String> {
    if id % 2 == 1 {
        sleep(Duration::from_millis(400)).await;
    }
    Ok(true)
}

async fn fails(id: u32) -> Result<bool, String> {
    sleep(Duration::from_millis(50)).await;
    Err(format!("no user {id}"))
}

async fn run() -> Result {
    let tasks = (0..10).map(|id| spawn(exists(id)));
    let waited = wait(tasks, Until::All).timeout(Duration::from_millis(100)).await;
    println!("{} done, {} pending", waited.done.len(), waited.pending.len());
    println!("pending: {:?}", waited.pending);

    let waited = wait(waited.pending, Until::All).await;
    println!("{} done, {} pending", waited.done.len(), waited.pending.len());

    let tasks = (0..10).map(|id| if id == 4 { spawn(fails(id)) } else { spawn(exists(id)) });
    let waited = wait(tasks, Until::FirstError).await;
    println!("{} done, {} pending", waited.done.len(), waited.pending.len());
    for task in waited.done {
        // The outcome is still with the task.
        if let Err(error) = task.await? {
            println!("failed: {error}");
        }
    }
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("wait").run_until(run())?
}
