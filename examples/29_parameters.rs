//! What can be said about a process as a whole: its threads, its log, its bounds in time.
//!
//! Run it with `cargo run --example 29_parameters`.
//!
//! You see the thread that a task runs on, the thread of the pool that a blocking call runs on, and in the log, as
//! JSON, the one line that passes its filter. All of it has defaults; none of it is read from anywhere else, but
//! that `RUST_LOG` goes before the filter.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::thread;

use mainspring::blocking::{Pool, run_in};
use mainspring::log::Format;
use mainspring::prelude::*;

fn thread_name() -> String {
    thread::current().name().unwrap_or("a thread without a name").to_owned()
}

async fn run() -> Result {
    println!("a task runs on {}", spawn(async { thread_name() }).await?);
    let disk = Pool::builder("disk").threads(2).build();
    println!("a blocking call runs on {}", run_in(&disk, thread_name).await?);
    tracing::info!("this passes");
    tracing::debug!("this does not");
    tracing::info!(target: "noisy", "nor does this");
    Ok(())
}

fn main() -> Result {
    let log = Log::new()
        .level("info")
        .filter("noisy=off,mainspring_service=warn")
        .format(Format::Json)
        .buffer(1 << 20)
        .flush_every(Duration::from_millis(200));
    Entrypoint::new("tuned")
        .runtime(Runtime::Shared)
        .workers(2)
        .thread_name("tuned")
        .blocking_threads(4)
        .start_within(Duration::from_secs(5))
        .require_within(Duration::from_secs(2))
        .shutdown_grace(Duration::from_secs(5))
        .log(log)
        .run_until(run())?
}
