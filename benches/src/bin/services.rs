//! Measures how long a process of many services takes to start and to stop.
//!
//! `services [RUNS]` starts each kind of process RUNS times over, in turn, and prints the medians.
//! `services run KIND` is one of the processes: it says `ready` once it is, and stops at SIGTERM.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};

use mainspring::net::TcpServer;
use mainspring::{Context, Entrypoint, Result, Service};
use mainspring_benches::{Stopwatch, median, terminate, times};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERVICES: usize = 100;

/// The kinds of processes, and what they are made of.
const KINDS: [(&str, &str); 4] = [
    ("none", "no service: the process alone"),
    ("apart", "100 services that have nothing to do with each other"),
    ("chain", "100 services, each of which requires what the one before provides"),
    ("tcp", "100 TCP servers, each on a port of its own"),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", kind] => return run(kind),
        ref args => times(args, 21).and_then(compare),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "services: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a link of the chain provides to the next one.
struct Link;

/// Is ready once the link before it is, and stops after the one behind it has.
struct Chained(usize);

impl Service for Chained {
    fn name(&self) -> String {
        format!("link {}", self.0)
    }

    async fn start(&mut self, cx: &Context) -> Result {
        if let Some(before) = self.0.checked_sub(1) {
            cx.require_named::<Link>(&before.to_string()).await?;
        }
        cx.provide_named(&self.0.to_string(), Link);
        cx.ready();
        cx.stopping().wait().await;
        Ok(())
    }
}

/// Is ready at once.
struct Apart(usize);

impl Service for Apart {
    fn name(&self) -> String {
        format!("service {}", self.0)
    }

    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        cx.stopping().wait().await;
        Ok(())
    }
}

fn run(kind: &str) -> ExitCode {
    let mut entrypoint = Entrypoint::new("services");
    for number in 0..SERVICES {
        entrypoint = match kind {
            "none" => entrypoint,
            "apart" => entrypoint.service(Apart(number)),
            "chain" => entrypoint.service(Chained(number)),
            "tcp" => entrypoint.service(TcpServer::bind("127.0.0.1:0", hello).name(format!("tcp {number}"))),
            _ => return ExitCode::from(2),
        };
    }
    entrypoint.after_start(|| async { writeln!(io::stdout(), "ready") }).run()
}

async fn hello(mut client: TcpStream) -> io::Result<()> {
    client.write_all(b"hello\n").await
}

fn compare(runs: usize) -> io::Result<()> {
    let mut figures: Vec<Vec<(f64, f64)>> = KINDS.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for ((kind, _), figures) in KINDS.iter().zip(&mut figures) {
            figures.push(one(kind)?);
        }
    }
    let mut out = io::stdout();
    writeln!(out, "start ms (least)   stop ms (least)   of {runs} runs")?;
    for ((_, says), figures) in KINDS.iter().zip(&figures) {
        let (starts, stops) = (figures.iter().map(|figure| figure.0), figures.iter().map(|figure| figure.1));
        let least = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::MAX, f64::min);
        let (start, stop) = (median(starts.clone()), median(stops.clone()));
        let (first, last) = (least(&mut starts.clone()), least(&mut stops.clone()));
        writeln!(out, "{start:>8.2} {first:>7.2} {stop:>10.2} {last:>7.2}    {says}")?;
    }
    Ok(())
}

/// Milliseconds from the birth of a process until it is ready, and from SIGTERM until its end.
fn one(kind: &str) -> io::Result<(f64, f64)> {
    let clock = Stopwatch::start();
    let mut process = Command::new(std::env::current_exe()?)
        .args(["run", kind])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let ready = wait_for_ready(&mut process);
    let start = clock.passed();
    let clock = Stopwatch::start();
    terminate(&process)?;
    let ended = process.wait()?;
    let stop = clock.passed();
    ready?;
    if !ended.success() {
        return Err(io::Error::other(format!("the process of kind `{kind}` ended with {ended}")));
    }
    Ok((start.as_secs_f64() * 1e3, stop.as_secs_f64() * 1e3))
}

fn wait_for_ready(process: &mut Child) -> io::Result<()> {
    let said = process.stdout.as_mut().ok_or_else(|| io::Error::other("it has no output"))?;
    for line in BufReader::new(said).lines() {
        if line?.ends_with("ready") {
            return Ok(());
        }
    }
    Err(io::Error::other("it ended before it was ready"))
}
