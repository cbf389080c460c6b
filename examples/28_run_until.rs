//! An entrypoint runs a future to its end and gives its value; and it waits for what has to be cleaned up.
//!
//! Run it with `cargo run --example 28_run_until`.
//!
//! You see the value last. Before it come the words of a task that was still at work when the future had ended: it
//! is cancelled with the process, and its cleanup, which awaits, runs to its end.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::future::pending;

use mainspring::prelude::*;
use tokio::time::sleep;

async fn say_goodbye() {
    sleep(Duration::from_millis(50)).await;
    println!("the goodbye is sent");
}

async fn answer() -> Result<u32> {
    spawn(finally(pending::<()>(), say_goodbye())).detach();
    sleep(Duration::from_millis(50)).await;
    println!("the future ends");
    Ok(42)
}

fn main() -> Result {
    let answer = Entrypoint::new("answer").run_until(answer())??;
    println!("the answer is {answer}");
    Ok(())
}
