//! A job that fails must not take the others with it: each is a service, and its policy says what becomes of it.
//!
//! Run it with `cargo run --example 25_jobs_live_on`.
//!
//! The log tells how `statistic` fails and is started again three times, and then given up. The cache and the
//! sender of logs work on all the while: the last lines tell how often each has done its work.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use mainspring::service;
use mainspring::service::Backoff;
use tokio::time::sleep;

async fn work(cx: Context, done: Shared<u32>) {
    cx.ready();
    loop {
        sleep(Duration::from_millis(10)).await;
        done.update(|done| *done += 1);
    }
}

async fn statistic(cx: Context) -> Result {
    cx.ready();
    sleep(Duration::from_millis(10)).await;
    Err("the server of statistics is away".into())
}

fn main() -> Result {
    let (cached, sent) = (Shared::new(0), Shared::new(0));
    let (cache, sender) = (cached.clone(), sent.clone());
    let pause = Duration::from_millis(10);
    let backoff = Backoff { first: pause, longest: pause, limit: 3, ..Backoff::default() };
    Entrypoint::new("jobs")
        .log(Log::new())
        .service(("cache", move |cx: Context| work(cx, cache.clone())))
        .service(("log sender", move |cx: Context| work(cx, sender.clone())))
        .service(
            service("statistic", statistic)
                .restart(Restart::OnFailure)
                .backoff(backoff)
                .on_failure(OnFailure::Degrade),
        )
        .run_until(async { sleep(Duration::from_millis(300)).await })?;
    println!("cached {} times", cached.get());
    println!("sent {} times", sent.get());
    Ok(())
}
