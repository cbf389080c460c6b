//! A flood of datagrams: nothing grows, what is lost is counted, the services beside it live.
//!
//! Alone in its program, for it measures the memory of the whole process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainspring_service::net::{Counters, Counts, Datagram, TcpServer, UdpServer};
use mainspring_service::{Entrypoint, Runtime};
use mainspring_task::threaded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const DATAGRAMS: u64 = 1_000_000;
/// What the process may grow by: far more than 1,024 datagrams and their tasks, far less than a million.
const GROWTH: usize = 64 << 20;

/// The memory of this process that is in use, in bytes.
fn memory() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

async fn hello(mut client: TcpStream) -> std::io::Result<()> {
    client.write_all(b"hello").await
}

/// Slower than a flood.
async fn slow(datagram: Datagram) {
    sleep(Duration::from_millis(1)).await;
    drop(datagram);
}

/// Sends from one thread as fast as the system takes it.
async fn flood(address: SocketAddr) {
    let send = move || {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(address).unwrap();
        for _ in 0..DATAGRAMS {
            client.send(&[7; 512]).unwrap();
        }
    };
    threaded(send).await.unwrap();
}

/// Waits until each datagram is accounted for; the last drops are told with the next one that comes.
async fn settled(address: SocketAddr, counters: &Counters) -> Counts {
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut sent = DATAGRAMS;
    loop {
        let counts = counters.counts();
        if counts.accepted + counts.dropped >= sent {
            assert_eq!(counts.accepted + counts.dropped, sent);
            return counts;
        }
        if counts.active == 0 {
            client.send_to(b"last", address).await.unwrap();
            sent += 1;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn survive() {
    let services = Entrypoint::new("test")
        .service(UdpServer::bind("127.0.0.1:0", slow).name("flooded"))
        .service(TcpServer::bind("127.0.0.1:0", hello).name("beside"));
    let running = services.start().await.unwrap();
    let (flooded, beside) = (running.address("flooded").unwrap(), running.address("beside").unwrap());
    let counters = Counters::named("flooded").unwrap();

    let (before, most, answers) = (memory(), AtomicUsize::new(0), AtomicUsize::new(0));
    let asking = async {
        loop {
            most.fetch_max(memory(), Ordering::Relaxed);
            let mut text = String::new();
            let asked = async { TcpStream::connect(beside).await.unwrap().read_to_string(&mut text).await };
            timeout(Duration::from_secs(5), asked).await.unwrap().unwrap();
            assert_eq!(text, "hello");
            answers.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = flood(flooded) => {}
        () = asking => {}
    }
    let counts = timeout(Duration::from_secs(10), settled(flooded, &counters)).await.unwrap();
    let (answers, grown) = (answers.into_inner(), most.into_inner().saturating_sub(before));
    assert!(counts.dropped > 0, "the flood was none: {counts:?}");
    assert!(answers >= 10, "{answers} answers");
    assert!(grown < GROWTH, "it grew by {grown} bytes");
    running.stop().await.unwrap();
}

#[test]
fn a_million_datagrams_are_survived() {
    let entrypoint = Entrypoint::new("outer").runtime(Runtime::Shared).workers(2);
    entrypoint.run_until(survive()).unwrap();
}
