//! Code that blocks belongs on a thread of its own, from a pool for what waits or a pool for what computes.
//!
//! Run it with `cargo run --example 19_threaded`.
//!
//! Two calls that block for 200 ms each take about 200 ms together. Then you see which thread does what: one
//! of the pool `io`, where `threaded` goes, one of `disk`, a pool of two threads, and one of `cpu`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::fs::File;
use std::io::{self, Read};
use std::thread;

use mainspring::blocking::{Pool, run_in};
use mainspring::prelude::*;
use tokio::time::Instant;

#[expect(clippy::disallowed_methods, reason = "it stands for a driver that blocks")]
fn block() {
    thread::sleep(Duration::from_millis(200));
}

fn read_random() -> io::Result<String> {
    let mut bytes = [0; 100];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{} bytes read on {}", bytes.len(), thread_name()))
}

fn sum_of_squares() -> String {
    let sum: u64 = (0..1_000_000_u64).map(|n| n * n).sum();
    format!("{sum} summed on {}", thread_name())
}

fn thread_name() -> String {
    thread::current().name().unwrap_or("a thread without a name").to_owned()
}

async fn run() -> Result {
    let started = Instant::now();
    // A job is on its way from the call on, like a task.
    let (one, other) = (threaded(block), threaded(block));
    one.await?;
    other.await?;
    println!("blocked twice in {} ms", started.elapsed().as_millis());

    println!("default pool: {}", threaded(read_random).await??);
    let disk = Pool::builder("disk").threads(2).build();
    println!("custom pool: {}", run_in(&disk, read_random).await??);
    println!("pool for computing: {}", run_in(Pool::cpu(), sum_of_squares).await?);
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("threaded").run_until(run())?
}
