//! Jobs that make no sense without each other: when one fails, the others stop, each in its own good way.
//!
//! Run it with `cargo run --example 26_jobs_fall_together`.
//!
//! You see the cache and the server end their work as at any stop of the process, and then which job failed, and
//! why. That is how services are unless told otherwise; a `main` that gives back its entrypoint would end with
//! exit code 1 here.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::future::pending;

use mainspring::prelude::*;
use tokio::time::sleep;

async fn work(cx: Context, name: &str) {
    let stopping = cx.stopping();
    cx.ready();
    stopping.wait().await;
    sleep(Duration::from_millis(10)).await;
    println!("{name} has written what it had");
}

async fn statistic(cx: Context) -> Result {
    cx.ready();
    sleep(Duration::from_millis(50)).await;
    Err("the server of statistics is away".into())
}

fn main() {
    let ended = Entrypoint::new("jobs")
        .service(("cache", |cx: Context| work(cx, "the cache")))
        .service(("server", |cx: Context| work(cx, "the server")))
        .service(("statistic", statistic))
        .run_until(pending::<()>());
    if let Err(error) = ended {
        println!("{error}");
        println!("to blame: {:?}, exit code {}", error.service(), error.exit_code());
    }
}
