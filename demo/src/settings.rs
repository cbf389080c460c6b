use std::time::Duration;

use clap::Parser;

/// A dollar rate over TCP and HTTP, and a UDP printer, in one process.
#[derive(Debug, Parser)]
#[command(name = "demo")]
pub(crate) struct Settings {
    /// Where the rate is told over TCP.
    #[arg(long, env = "DEMO_TCP", default_value = "127.0.0.1:8888", value_name = "ADDRESS")]
    pub(crate) tcp: String,

    /// Where the pages are served.
    #[arg(long, env = "DEMO_HTTP", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) http: String,

    /// Where datagrams are printed.
    #[arg(long, env = "DEMO_UDP", default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    pub(crate) udp: String,

    /// Seconds between two refreshes of the rate.
    #[arg(long, env = "DEMO_REFRESH", default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) refresh: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let refuse = || "expected a number of seconds greater than 0, such as 10 or 0.5".to_owned();
    let seconds: f64 = text.parse().map_err(|_| refuse())?;
    Duration::try_from_secs_f64(seconds).ok().filter(|period| !period.is_zero()).ok_or_else(refuse)
}
