//! Work that comes round runs at a fixed rate, never twice at once, and outlives its errors.
//!
//! Run it with `cargo run --example 04_periodic`, and end it with Ctrl-C.
//!
//! You see a beat each second. Every fifth one fails: its error is logged, and the next one comes in
//! time. Another service takes longer than its period: it skips the beats it has missed. `running`
//! comes when both have run once, and Ctrl-C lets the run that is under way come to its end.

use std::io;

use mainspring::prelude::*;

async fn beat(count: Shared<u32>) -> io::Result<()> {
    count.update(|count| *count += 1);
    match count.get() {
        count if count % 5 == 0 => Err(io::Error::other(format!("beat {count} is missing"))),
        count => {
            tracing::info!(count, "beat");
            Ok(())
        }
    }
}

async fn slow() {
    tokio::time::sleep(Duration::from_millis(2500)).await;
    tracing::info!("took two and a half seconds");
}

#[mainspring::main]
fn main() -> Entrypoint {
    let count = Shared::new(0);
    Entrypoint::new("beats")
        .service(Periodic::every(Duration::from_secs(1), move || beat(count.clone())).name("beat"))
        .service(Periodic::every(Duration::from_secs(1), slow).name("slow"))
}
