//! Loads a server from one thread and prints what came of it.
//!
//! `load ADDRESS [--connections 64] [--depth 1] [--rate N] [--seconds 5] [--json]`
//!
//! Without `--rate` each connection asks as soon as it is answered; with it, so many requests per second are due in all.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use mainspring_benches::load::{Generator, Plan, Request, raise_file_limit};

fn main() -> ExitCode {
    match load() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let address = args.next().ok_or_else(|| io::Error::other("which address?"))?;
    let address: SocketAddr =
        address.parse().map_err(|error| io::Error::other(format!("`{address}`: {error}")))?;
    let mut plan = Plan { address, request: Request::Get, connections: 64, depth: 1, rate: None };
    let mut seconds = 5;
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--json" => plan.request = Request::Json,
            "--connections" => plan.connections = number(&flag, args.next())?,
            "--depth" => plan.depth = number(&flag, args.next())?,
            "--rate" => plan.rate = Some(number(&flag, args.next())?),
            "--seconds" => seconds = number(&flag, args.next())?,
            unknown => return Err(io::Error::other(format!("the flag `{unknown}` is unknown"))),
        }
    }
    raise_file_limit();
    let report = Generator::connect(plan)?.run(Duration::from_secs(seconds))?;
    let [half, most, nearly_all] = [50.0, 99.0, 99.9].map(|part| report.latency.value_at_percentile(part));
    writeln!(
        io::stdout(),
        "{} requests, {:.0}/s; p50 {half} µs, p99 {most} µs, p99.9 {nearly_all} µs, longest {} µs",
        report.requests,
        report.rate(),
        report.latency.max()
    )
}

fn number<T: std::str::FromStr>(flag: &str, value: Option<String>) -> io::Result<T> {
    let value = value.and_then(|value| value.parse().ok());
    value.ok_or_else(|| io::Error::other(format!("`{flag}` wants a number")))
}
