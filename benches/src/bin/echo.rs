//! Measures echoes of 1 KiB over 64 TCP connections: `TcpServer` on each kind of runtime against bare tokio.
//!
//! `echo [ROUNDS]` runs each server beside its bare counterpart, ROUNDS times over, with new processes each time. The
//! two are driven in turn, for moments, so that what else the machine does meets both alike; the medians are printed.
//! `echo serve KIND PORT` is one of the servers; those for the count of instructions alone are `current-stream` and
//! `shared-stream`, whose handler takes tokio's `TcpStream` instead of a `Connection`, and `tokio-current-threads`, a
//! bare one in a process that has a second thread, as one with a watchdog has.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use mainspring::net::{Connection, TcpServer};
use mainspring::{Entrypoint, Runtime};
use mainspring_benches::{Stopwatch, median, pause, terminate, times};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::{Builder, Handle};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;
/// Each drives its share of the connections.
const DRIVERS: usize = 2;
const SIZE: usize = 1024;

/// The servers, and the bare ones they are compared with.
const PAIRS: [(&str, &str); 3] =
    [("current", "tokio-current"), ("shared", "tokio-shared"), ("percore", "tokio-percore")];
/// How often each of a pair is driven in a round, and for how long.
const TURNS: usize = 5;
const TURN: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", kind, port] => return serve(kind, port),
        ref args => times(args, 25).and_then(compare),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unheard = writeln!(io::stderr(), "echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(kind: &str, port: &str) -> ExitCode {
    let runtime = match kind {
        "current" | "current-stream" => Runtime::Current,
        "shared" | "shared-stream" => Runtime::Shared,
        "percore" => Runtime::PerCore,
        "tokio-current" => return bare(port, Builder::new_current_thread(), 0),
        "tokio-current-threads" => {
            // Idle: that it is there is what costs, as a watchdog's thread does.
            std::thread::spawn(std::thread::park);
            return bare(port, Builder::new_current_thread(), 0);
        }
        "tokio-shared" => return bare(port, Builder::new_multi_thread(), 0),
        "tokio-percore" => return bare(port, Builder::new_current_thread(), cores()),
        _ => return ExitCode::from(2),
    };
    let (entrypoint, address) = (Entrypoint::new("echo").runtime(runtime), format!("127.0.0.1:{port}"));
    if kind.ends_with("-stream") {
        entrypoint.service(TcpServer::bind(address, echo::<tokio::net::TcpStream>)).run()
    } else {
        entrypoint.service(TcpServer::bind(address, echo::<Connection>)).run()
    }
}

/// What all servers do with a connection.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut client: S) -> io::Result<()> {
    // Larger than what comes: after a read that fills the buffer, tokio asks the system whether there is more.
    let mut buffer = [0; 4 * SIZE];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        client.write_all(buffer.get(..length).unwrap_or_default()).await?;
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The server that has nothing but tokio, as its documentation writes it; with runtimes of one thread beside it
/// that take the connections in turn, if there are to be any.
fn bare(port: &str, mut runtime: Builder, threads: usize) -> ExitCode {
    let served = (0..threads).map(|_| beside()).collect::<io::Result<Vec<_>>>().and_then(|handles| {
        let runtime = runtime.enable_all().build()?;
        runtime.block_on(accept(port, &handles))
    });
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A runtime of one thread, which runs for as long as the process does.
fn beside() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    Ok(handle)
}

#[expect(clippy::disallowed_methods, reason = "the yardstick is bare tokio")]
async fn accept(port: &str, handles: &[Handle]) -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let mut next = handles.iter().cycle();
    let mut end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    loop {
        tokio::select! {
            biased;
            _ = end.recv() => return Ok(()),
            accepted = listener.accept() => {
                let (client, _) = accepted?;
                client.set_nodelay(true)?;
                match next.next() {
                    None => tokio::spawn(echo(client)),
                    Some(handle) => {
                        let client = client.into_std()?;
                        handle.spawn(async move { echo(tokio::net::TcpStream::from_std(client)?).await })
                    }
                };
            }
        }
    }
}

/// What one server did in one turn.
#[derive(Clone, Copy)]
struct Figure {
    /// Echoes per second of the clock.
    rate: f64,
    /// Microseconds of the processor per echo, the system's part included.
    processor: f64,
}

fn compare(rounds: usize) -> io::Result<()> {
    let mut figures: [Vec<[Figure; 2]>; PAIRS.len()] = Default::default();
    for _ in 0..rounds {
        for (pair, figures) in PAIRS.iter().zip(&mut figures) {
            figures.extend(one_round(*pair)?);
        }
    }
    let mut out = io::stdout();
    writeln!(out, "server     echoes/s    bare   ratio    processor µs/echo    bare   ratio")?;
    for ((kind, _), figures) in PAIRS.iter().zip(&figures) {
        let of = |value: fn(&[Figure; 2]) -> f64| median(figures.iter().map(value));
        let rates = (of(|[own, _]| own.rate), of(|[_, bare]| bare.rate));
        let processor = (of(|[own, _]| own.processor), of(|[_, bare]| bare.processor));
        // Of turns that are next to each other: the median of these is calmer than the ratio of the medians.
        let ratios =
            (of(|[own, bare]| own.rate / bare.rate), of(|[own, bare]| bare.processor / own.processor));
        writeln!(
            out,
            "{kind:<9} {:>9.0} {:>7.0} {:>7.3} {:>20.2} {:>7.2} {:>7.3}",
            rates.0, rates.1, ratios.0, processor.0, processor.1, ratios.1
        )?;
    }
    Ok(())
}

fn one_round((own, bare): (&str, &str)) -> io::Result<Vec<[Figure; 2]>> {
    let mut servers = [Server::start(own)?, Server::start(bare)?];
    // Whatever only the first echoes cost is not measured.
    for server in &mut servers {
        server.turn()?;
    }
    (0..TURNS).map(|_| Ok([servers[0].turn()?, servers[1].turn()?])).collect()
}

/// A server's process, and the connections to it.
struct Server {
    process: Child,
    streams: Vec<TcpStream>,
}

impl Server {
    fn start(kind: &str) -> io::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(std::env::current_exe()?)
            .args(["serve", kind, &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Made first, so that it is ended whatever comes.
        let mut server = Server { process, streams: Vec::new() };
        for _ in 0..CONNECTIONS {
            server.streams.push(connect(port)?);
        }
        Ok(server)
    }

    fn turn(&mut self) -> io::Result<Figure> {
        let (clock, before) = (Stopwatch::start(), processor_time(&self.process)?);
        let echoes = std::thread::scope(|scope| {
            let shares = self.streams.chunks_mut(CONNECTIONS / DRIVERS);
            let drivers: Vec<_> = shares.map(|share| scope.spawn(move || drive(share, TURN))).collect();
            let ended = drivers.into_iter().map(|driver| driver.join().expect("it does not panic"));
            ended.sum::<io::Result<u64>>()
        })?;
        let (passed, spent) = (clock.passed(), processor_time(&self.process)? - before);
        Ok(Figure {
            rate: echoes as f64 / passed.as_secs_f64(),
            processor: spent.as_secs_f64() * 1e6 / echoes as f64,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server waits for its connections before it ends.
        self.streams.clear();
        // One that has ended already needs no more.
        let _ended = terminate(&self.process).and_then(|()| self.process.wait());
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let mut last = None;
    for _ in 0..200 {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(10)))?;
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
        pause(Duration::from_millis(10));
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::TimedOut.into()))
}

/// Sends a message on every connection, then reads all of them back, again and again. Gives how many.
fn drive(streams: &mut [TcpStream], during: Duration) -> io::Result<u64> {
    let (message, mut answer) = ([b'x'; SIZE], [0; SIZE]);
    let (clock, mut echoes) = (Stopwatch::start(), 0);
    while clock.passed() < during {
        for stream in &mut *streams {
            stream.write_all(&message)?;
        }
        for stream in &mut *streams {
            stream.read_exact(&mut answer)?;
            echoes += 1;
        }
    }
    Ok(echoes)
}

/// What the server has spent of the processor, by its own and by the system's doing.
fn processor_time(server: &Child) -> io::Result<Duration> {
    let mut total = 0;
    for thread in std::fs::read_dir(format!("/proc/{}/task", server.id()))? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let spent = text.split_whitespace().next().and_then(|spent| spent.parse::<u64>().ok());
        total += spent.ok_or_else(|| io::Error::other(format!("schedstat says {text:?}")))?;
    }
    Ok(Duration::from_nanos(total))
}
