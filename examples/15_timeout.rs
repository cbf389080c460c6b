//! `timeout` cancels what takes too long, and comes back when that has cleaned up.
//!
//! Run it with `cargo run --example 15_timeout`.
//!
//! You see `I was cancelled`, from the inside, and only then `timeout`, after about 100 ms. `finished` never
//! comes. (`tokio::time::timeout` drops what it limits on the spot, without a word.)

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::{Instant, sleep};

async fn eternity() {
    let an_hour = sleep(Duration::from_secs(3600));
    finally(an_hour, async { println!("I was cancelled") }).await;
    println!("finished");
}

async fn run() -> Result {
    let started = Instant::now();
    match timeout(Duration::from_millis(100), eternity()).await {
        Ok(()) => println!("so long?"),
        Err(elapsed) => println!("timeout: {elapsed}"),
    }
    println!("took {} ms", started.elapsed().as_millis());
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("timeout").run_until(run())?
}
