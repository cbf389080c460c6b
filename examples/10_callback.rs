//! A callback runs when its task has ended: ten of them count the tasks down.
//!
//! Run it with `cargo run --example 10_callback`.
//!
//! You see the ids as their tasks end, the last first, for it has the least to do. When the count is
//! zero, the values come in the order in which the tasks were spawned. (That is what `gather` is for, in
//! one line; callbacks are for those who cannot await.)

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

async fn exists(id: u64) -> bool {
    sleep(Duration::from_millis(20 * (10 - id))).await;
    println!("{id} {}", id.is_multiple_of(2));
    id.is_multiple_of(2)
}

async fn run() -> Result {
    let executing = Shared::new(0);
    let mut tasks = Vec::new();
    for id in 0..10 {
        let task = spawn(exists(id));
        executing.update(|count| *count += 1);
        let executing = executing.clone();
        task.on_end(move |_| executing.update(|count| *count -= 1));
        tasks.push(task);
    }
    executing.until(|count| *count == 0).await;
    // Each has ended, so no await waits.
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await?);
    }
    println!("{results:?}");
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("callback").run_until(run())?
}
