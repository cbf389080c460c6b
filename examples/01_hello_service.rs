//! A service is something that starts, runs and stops.
//!
//! Run it with `cargo run --example 01_hello_service`, and end it with Ctrl-C.
//!
//! You see `running`, a greeting each second, and at Ctrl-C how many there were. The end is no
//! accident: `stop` is called after `start` has returned, whatever made the process end.

use mainspring::prelude::*;

struct Hello {
    to: &'static str,
    count: u32,
}

impl Service for Hello {
    async fn start(&mut self, cx: &Context) -> Result {
        let stopping = cx.stopping();
        // What has to be done before others may rely on this service goes before `ready`.
        cx.ready();
        while !stopping.is_stopping() {
            self.count += 1;
            tracing::info!("hello, {}", self.to);
            // Waits for the end of the process, but no longer than a second.
            let _ = tokio::time::timeout(Duration::from_secs(1), stopping.wait()).await;
        }
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        tracing::info!("said hello {} times", self.count);
        Ok(())
    }
}

#[mainspring::main]
fn main() -> Entrypoint {
    Entrypoint::new("hello").service(Hello { to: "world", count: 0 })
}
