//! A pipe that nobody reads blocks whoever writes to it; a log line must not block, so it is never written where
//! it is made.
//!
//! Run it with a reader that takes 5 kB a second, and without one:
//!
//! ```sh
//! cargo run --example 27_log_pipe 2>&1 >/dev/tty | pv -q -L 5000 >/dev/null
//! cargo run --example 27_log_pipe 2>/dev/null
//! ```
//!
//! The time is the same. What neither the pipe nor the log's buffer can hold is dropped, and counted in a line of
//! the log itself; here the buffer is small, so that it can be seen.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::log;
use mainspring::prelude::*;
use tokio::time::{Instant, sleep};

const LINES: usize = 10_000;

async fn run() {
    let started = Instant::now();
    for line in 0..LINES {
        tracing::info!(line, "one of many lines");
    }
    println!("logged {LINES} lines in {} ms", started.elapsed().as_millis());

    let started = Instant::now();
    sleep(Duration::from_millis(10)).await;
    println!("a sleep of 10 ms took {} ms", started.elapsed().as_millis());

    let stats = log::stats();
    println!("dropped {} of {}", stats.dropped, stats.lines);
}

fn main() -> Result {
    let log = Log::new().buffer(64 << 10).exit_flush(Duration::from_millis(100));
    Ok(Entrypoint::new("pipe").log(log).run_until(run())?)
}
