//! Every task can be seen while it runs: its name, its state, its age, and where it was spawned.
//!
//! Run it with `cargo run --example 18_tasks`.
//!
//! You see the task that asks, which is running, and then all: `main`, and ten that wait. No build flag is
//! needed, and no task is stopped for it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use mainspring::task;
use tokio::time::sleep;

async fn check(_id: u32) {
    sleep(Duration::from_secs(1)).await;
}

async fn look() {
    if let Some(task) = current_task() {
        println!("current: {}", task.info());
    }
    for id in 0..10 {
        task::Builder::new().name(format!("check-{id}")).spawn(check(id)).detach();
    }
    sleep(Duration::from_millis(100)).await;
    for task in all_tasks() {
        println!("{}", task.info());
    }
}

async fn run() -> Result {
    // What `run_until` runs is no task yet.
    println!("current: {:?}", current_task());
    Ok(task::Builder::new().name("main").spawn(look()).await?)
}

fn main() -> Result {
    Entrypoint::new("tasks").run_until(run())?
}
