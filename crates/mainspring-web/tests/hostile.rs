//! A thousand hostile clients at once: others are served as fast as before, and each of them is cut in its time.
//!
//! The time-outs are short, set as a user would set them; the clock is the real one, as the sockets are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainspring_service::net::{Counters, Options, Overflow};
use mainspring_service::{Entrypoint, Running};
use mainspring_task::{Task, spawn};
use mainspring_web::{App, HttpServer, Timeouts};
use rustix::process::{Resource, getrlimit, setrlimit};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

const BOUND: Duration = Duration::from_secs(50);
const ATTACKERS: usize = 1000;
/// How long each phase of a request may take.
const SHORT: Duration = Duration::from_secs(2);
/// A busy machine may notice the end of a time late.
const SLACK: Duration = Duration::from_secs(4);
/// What an attacker sends, it sends this often.
const PACE: Duration = Duration::from_millis(250);
/// More than both sides' sockets hold.
const PAGE: usize = 4 * 1024 * 1024;

async fn start(name: &str, options: Options) -> (Running, SocketAddr) {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit may be raised to the hard one");
    let page: &'static str = "x".repeat(PAGE).leak();
    let app = App::new()
        .get("/", || async { "Meow." })
        .get("/page", move || async move { page })
        .post("/", |body: String| async { body });
    let timeouts =
        Timeouts { head: SHORT, body: SHORT, body_rate: 1_000, write: SHORT, ..Timeouts::default() };
    let server = HttpServer::bind("127.0.0.1:0", app).name(name).timeouts(timeouts).options(options);
    let running = Entrypoint::new("test").service(server).start().await.expect("the server starts");
    let address = running.address(name).expect("the server listens");
    (running, address)
}

/// Waits until so many connections are served.
async fn active(name: &str, wanted: impl Fn(u64) -> bool) {
    let counters = Counters::named(name).expect("the server counts");
    let mut count = counters.counts().active;
    for _ in 0..2_000 {
        if wanted(count) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
        count = counters.counts().active;
    }
    panic!("{count} connections are active");
}

async fn ask(stream: &mut TcpStream) {
    let mut answer = [0; 1024];
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the server reads");
    let mut filled = 0;
    while !answer[..filled].ends_with(b"Meow.") {
        let count = stream.read(&mut answer[filled..]).await.expect("the server answers");
        assert!(count > 0, "the server has closed a good connection");
        filled += count;
    }
}

async fn connect(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a stream has this option");
    ask(&mut stream).await;
    stream
}

/// How long each of 500 requests on one connection takes.
async fn times(address: SocketAddr) -> Vec<Duration> {
    let mut stream = connect(address).await;
    let mut times = Vec::new();
    for _ in 0..500 {
        let begun = Instant::now();
        ask(&mut stream).await;
        times.push(begun.elapsed());
    }
    times
}

/// The latency that all but a hundredth of 2,000 requests on four connections keep to.
async fn latency(address: SocketAddr) -> Duration {
    let tasks: Vec<_> = (0..4).map(|_| spawn(times(address))).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("no client panics"));
    }
    all.sort_unstable();
    all[all.len() * 99 / 100]
}

/// Checks that others do not notice what goes on: as on an idle machine, or as before it on a busy one.
fn is_flat(before: Duration, beside: Duration) {
    let bound = Duration::from_millis(50).max(before * 5);
    assert!(beside < bound, "p99 was {before:?} before and is {beside:?} beside the attack");
}

/// Sends the opening, then a drop at a time, until it is cut; again and again, until it is to stop. Gives for each
/// connection what the server said and how long it took to say it.
async fn drip(
    address: SocketAddr,
    opening: &'static str,
    drop: &'static str,
    stop: Arc<AtomicBool>,
) -> Vec<(String, Duration)> {
    let mut cuts = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.write_all(opening.as_bytes()).await.expect("the server reads");
        let mut answer = Vec::new();
        loop {
            tokio::select! {
                read = stream.read_buf(&mut answer) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                },
                () = sleep(PACE) => {
                    // What the server makes of it shows in what is read.
                    let _ = stream.write_all(drop.as_bytes()).await;
                }
            }
        }
        cuts.push((String::from_utf8_lossy(&answer).into_owned(), begun.elapsed()));
    }
    cuts
}

/// A thousand connections that send drops while others measure the latency.
async fn attack(name: &str, opening: &'static str, drop: &'static str) {
    let (running, address) = start(name, Options::new()).await;
    let before = latency(address).await;
    let stop = Arc::new(AtomicBool::new(false));
    let attackers: Vec<Task<_>> =
        (0..ATTACKERS).map(|_| spawn(drip(address, opening, drop, Arc::clone(&stop)))).collect();
    active(name, |count| count >= ATTACKERS as u64).await;
    let beside = latency(address).await;
    stop.store(true, Ordering::Relaxed);
    for attacker in attackers {
        for (answer, held) in attacker.await.expect("no attacker panics") {
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?} after {held:?}");
            // The server's clock is coarse, and coarser on a busy machine: it may cut a little early.
            assert!((SHORT / 2..SHORT + SLACK).contains(&held), "it was cut after {held:?}");
        }
    }
    is_flat(before, beside);
    active(name, |count| count == 0).await;
    running.stop().await.expect("the server stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_heads() {
    let attack = attack("slow heads", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "x");
    timeout(BOUND, attack).await.expect("it does not hang");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_bodies() {
    let opening = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
    timeout(BOUND, attack("slow bodies", opening, "x")).await.expect("it does not hang");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_chunked_bodies() {
    let opening = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    timeout(BOUND, attack("slow chunks", opening, "1\r\nx\r\n")).await.expect("it does not hang");
}

/// A client that asks for a page larger than the sockets hold and takes none of it.
async fn ask_and_leave_unread(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("there are descriptors left");
    socket.set_recv_buffer_size(4096).expect("a socket has this option");
    // With small segments the kernel gives the server's side a small buffer, too.
    SockRef::from(&socket).set_tcp_mss(536).expect("a TCP socket has this option");
    let mut stream = socket.connect(address).await.expect("the server accepts");
    stream.write_all(b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the server reads");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_readers() {
    let check = async {
        let name = "slow readers";
        let (running, address) = start(name, Options::new()).await;
        let before = latency(address).await;
        let begun = Instant::now();
        let mut streams = Vec::new();
        for _ in 0..ATTACKERS {
            streams.push(ask_and_leave_unread(address).await);
        }
        let beside = latency(address).await;
        let opened = begun.elapsed();
        active(name, |count| count == 0).await;
        let held = begun.elapsed();
        assert!(held < SHORT + SLACK + opened, "the last was cut after {held:?}");
        is_flat(before, beside);
        let mut cut = Vec::new();
        let mut stream = streams.pop().expect("there are a thousand");
        // It may end with a reset.
        let _ = stream.read_to_end(&mut cut).await;
        assert!(cut.starts_with(b"HTTP/1.1 200 ") && cut.len() < PAGE, "{} bytes came", cut.len());
        running.stop().await.expect("the server stops");
    };
    timeout(BOUND, check).await.expect("it does not hang");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_over_the_limit_are_shed() {
    const LIMIT: usize = 100;
    const CALLERS: usize = 20;
    const CALLS: usize = 500;
    let check = async {
        let name = "shed";
        let (running, address) =
            start(name, Options::new().connections(LIMIT).overflow(Overflow::Refuse)).await;
        let mut held = Vec::new();
        for _ in 0..LIMIT {
            held.push(connect(address).await);
        }
        active(name, |count| count == LIMIT as u64).await;
        let calls = move || async move {
            for _ in 0..CALLS {
                let mut stream = TcpStream::connect(address).await.expect("the system accepts");
                // An end or a reset, but no answer.
                assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
            }
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| spawn(calls())).collect();
        for caller in callers {
            caller.await.expect("every call over the limit is shed");
        }
        let counts = Counters::named(name).expect("the server counts").counts();
        assert_eq!((counts.active, counts.refused), (LIMIT as u64, (CALLERS * CALLS) as u64));
        // Those within it were not disturbed, and there is room again when they go.
        for stream in &mut held {
            ask(stream).await;
        }
        drop(held);
        active(name, |count| count == 0).await;
        latency(address).await;
        running.stop().await.expect("the server stops");
    };
    timeout(BOUND, check).await.expect("it does not hang");
}
