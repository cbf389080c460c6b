//! A context variable goes with the task: what is spawned inherits it, and each log line carries it.
//!
//! Run it with `cargo run --example 24_context`.
//!
//! Two requests are handled at once. You see their lines mixed, and can tell them apart all the same: each
//! ends with `request_id=7` or `8`, also those of the tasks and threads below, which were never told the
//! number. One of these tasks sets another for itself: whoever spawned it does not see that.

use mainspring::prelude::*;
use tokio::time::sleep;

context_var! {
    /// The request that this is done for.
    static REQUEST_ID: u64, logged;
}

async fn ask_database() -> Result {
    tracing::info!("asking the database");
    sleep(Duration::from_millis(50)).await;
    Ok(())
}

async fn read_template() -> Result {
    threaded(|| tracing::info!("reading the template")).await?;
    REQUEST_ID.set(0);
    tracing::info!("on behalf of nobody");
    Ok(())
}

async fn handle(id: u64) -> Result {
    REQUEST_ID.set(id);
    gather((ask_database(), read_template())).await?;
    tracing::info!("done");
    Ok(())
}

async fn run() -> Result {
    gather([7, 8].map(handle)).await?;
    tracing::info!(outside = ?REQUEST_ID.get(), "all done");
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("context").log(Log::new()).run_until(run())?
}
