//! `shield` waits for a task, and keeps what happens to the waiter from the task.
//!
//! Run it with `cargo run --example 14_shield`.
//!
//! You see `start`, then that the waiter is cancelled and knows it, and nevertheless `finished`. Without
//! the shield the task would be cancelled with its waiter: a task that is awaited belongs to who awaits it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

async fn work(done: Shared<bool>) {
    println!("start");
    sleep(Duration::from_millis(200)).await;
    println!("finished");
    done.set(true);
}

async fn cancel(waiter: Task<Result<(), TaskError>>) {
    sleep(Duration::from_millis(50)).await;
    waiter.cancel();
    println!("task.cancel() called");
    match waiter.await {
        Err(error) if error.is_cancelled() => println!("task successfully cancelled"),
        outcome => println!("it ended otherwise: {outcome:?}"),
    }
}

async fn run() -> Result {
    let done = Shared::new(false);
    let task = spawn(work(done.clone()));
    cancel(spawn(shield(task))).await;
    done.until(|done| *done).await;
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("shield").run_until(run())?
}
