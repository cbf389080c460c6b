//! A task runs in the background from the moment it is spawned; its handle is the future of its value.
//!
//! Run it with `cargo run --example 08_background`.
//!
//! You see `hello, world` after about 200 ms: each of the two tasks sleeps as long, but at the same time.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::{Instant, sleep};

async fn text_after(delay: Duration, text: &str) -> &str {
    sleep(delay).await;
    text
}

async fn run() -> Result {
    let started = Instant::now();
    let hello = spawn(text_after(Duration::from_millis(200), "hello"));
    let world = spawn(text_after(Duration::from_millis(200), "world"));
    // Both run by now. An await gives the value, or says that the task has panicked or was cancelled.
    println!("{}, {}", hello.await?, world.await?);
    println!("took {} ms", started.elapsed().as_millis());
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("background").run_until(run())?
}
