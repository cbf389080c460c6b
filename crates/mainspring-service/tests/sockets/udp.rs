//! Servers of datagrams: their bounds, what they count, their options.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::Running;
use mainspring_service::net::{Datagram, Options, Overflow, UdpServer, peer};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::support::{counted, start};

async fn client(running: &Running, name: &str) -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(running.address(name).unwrap()).await.unwrap();
    client
}

async fn answer(client: &UdpSocket) -> String {
    let mut text = [0; 100];
    let length = timeout(Duration::from_secs(5), client.recv(&mut text)).await.unwrap().unwrap();
    String::from_utf8_lossy(&text[..length]).into_owned()
}

/// Holds each datagram until it is let go, then sends it back.
fn holding(gate: &Arc<Semaphore>) -> impl Fn(Datagram) -> EchoFuture + Send + Sync + 'static {
    let gate = gate.clone();
    move |datagram| {
        let gate = gate.clone();
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            datagram.reply(&datagram.data).await
        })
    }
}

type EchoFuture = std::pin::Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>;

#[tokio::test]
async fn datagrams_over_the_bound_wait_in_the_kernel() {
    let gate = Arc::new(Semaphore::new(0));
    let server = UdpServer::bind("127.0.0.1:0", holding(&gate)).name("waiting").concurrency(2);
    let running = start(server).await;
    let client = client(&running, "waiting").await;
    for text in ["a", "b", "c"] {
        client.send(text.as_bytes()).await.unwrap();
    }
    counted("waiting", |counts| counts.active == 2).await;
    gate.add_permits(3);
    let mut answers = vec![answer(&client).await, answer(&client).await, answer(&client).await];
    answers.sort();
    assert_eq!(answers, ["a", "b", "c"]);
    let counts = counted("waiting", |counts| counts.active == 0).await;
    assert_eq!((counts.accepted, counts.refused, counts.received, counts.sent), (3, 0, 3, 3));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn datagrams_over_the_bound_are_thrown_away_if_so_asked() {
    let gate = Arc::new(Semaphore::new(0));
    let options = Options::new().connections(1).overflow(Overflow::Refuse);
    let server = UdpServer::bind("127.0.0.1:0", holding(&gate)).name("refusing").options(options);
    let running = start(server).await;
    let client = client(&running, "refusing").await;
    for text in ["kept", "lost", "lost"] {
        client.send(text.as_bytes()).await.unwrap();
    }
    counted("refusing", |counts| (counts.accepted, counts.refused) == (1, 2)).await;
    gate.add_permits(2);
    assert_eq!(answer(&client).await, "kept");
    counted("refusing", |counts| counts.active == 0).await;
    client.send(b"next").await.unwrap();
    assert_eq!(answer(&client).await, "next");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_the_kernel_throws_away_is_counted() {
    let gate = Arc::new(Semaphore::new(0));
    // The least there is: a few datagrams.
    let options = Options::new().receive_buffer(1);
    let server = UdpServer::bind("127.0.0.1:0", holding(&gate)).name("full").concurrency(1).options(options);
    let running = start(server).await;
    let client = client(&running, "full").await;
    for _ in 0..100 {
        client.send(&[7; 1000]).await.unwrap();
    }
    gate.add_permits(1_000);
    // The next one that is taken brings the news.
    let told = async {
        loop {
            client.send(b"x").await.unwrap();
            if answer(&client).await == "x" {
                return;
            }
        }
    };
    timeout(Duration::from_secs(5), told).await.unwrap();
    let counts = counted("full", |counts| counts.active == 0 && counts.accepted + counts.dropped > 100).await;
    assert!(counts.dropped > 50 && counts.accepted > 1, "{counts:?}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn failures_and_panics_are_counted_and_told() {
    let told: Arc<Mutex<Vec<(String, SocketAddr)>>> = Arc::default();
    let tell = told.clone();
    let options = Options::new().on_failure(move |failure| {
        tell.lock().unwrap().push((failure.error.to_string(), failure.peer.address.unwrap()));
    });
    let server = UdpServer::bind("127.0.0.1:0", |datagram: Datagram| async move {
        match &datagram.data[..] {
            b"panic" => panic!("told to"),
            _ => Err("failed as told"),
        }
    });
    let running = start(server.name("failing udp").options(options)).await;
    let client = client(&running, "failing udp").await;
    for (number, order) in ["panic", "fail"].into_iter().enumerate() {
        client.send(order.as_bytes()).await.unwrap();
        counted("failing udp", |counts| counts.failed == number as u64 + 1).await;
    }
    running.stop().await.unwrap();
    let from = client.local_addr().unwrap();
    let failure = |text: &str| (text.to_owned(), from);
    assert_eq!(*told.lock().unwrap(), [failure("the handler panicked: told to"), failure("failed as told")]);
}

#[tokio::test]
async fn a_handler_that_panics_before_it_awaits_does_not_stop_the_server() {
    fn handler(datagram: Datagram) -> EchoFuture {
        assert!(!datagram.data.is_empty(), "told to");
        Box::pin(async move { datagram.reply(b"ok").await })
    }
    let running = start(UdpServer::bind("127.0.0.1:0", handler).name("early udp")).await;
    let client = client(&running, "early udp").await;
    client.send(b"").await.unwrap();
    client.send(b"x").await.unwrap();
    assert_eq!(answer(&client).await, "ok");
    counted("early udp", |counts| (counts.failed, counts.active) == (1, 0)).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn the_peer_is_known_to_the_task() {
    let server = UdpServer::bind("127.0.0.1:0", |datagram: Datagram| async move {
        let known = mainspring_task::spawn(async { peer() }).await.unwrap().unwrap();
        datagram.reply((known.address == Some(datagram.peer)).to_string().as_bytes()).await
    });
    let running = start(server).await;
    let client = client(&running, "udp").await;
    client.send(b"who").await.unwrap();
    assert_eq!(answer(&client).await, "true");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_is_shared_if_so_asked() {
    let server = |address: &str| {
        let options = Options::new().reuse_port(true);
        UdpServer::bind(address, |datagram: Datagram| async move { datagram.reply(b"ok").await })
            .options(options)
    };
    let first = start(server("127.0.0.1:0")).await;
    let address = first.address("udp").unwrap().to_string();
    let second = start(server(&address)).await;
    first.stop().await.unwrap();
    let client = client(&second, "udp").await;
    client.send(b"x").await.unwrap();
    assert_eq!(answer(&client).await, "ok");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn ipv6_and_ipv4_are_both_answered() {
    let echo = |datagram: Datagram| async move { datagram.reply(&datagram.data).await };
    let running = start(UdpServer::bind("[::]:0", echo)).await;
    let port = running.address("udp").unwrap().port();
    for (from, to) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")] {
        let client = UdpSocket::bind(from).await.unwrap();
        client.connect((to, port)).await.unwrap();
        client.send(to.as_bytes()).await.unwrap();
        assert_eq!(answer(&client).await, to);
    }
    running.stop().await.unwrap();
}
