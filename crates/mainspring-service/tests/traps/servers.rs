//! Servers over TCP and UDP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::Entrypoint;
use mainspring_service::net::{
    Connection, Counters, Datagram, Options, Overflow, Stage, TcpServer, UdpServer,
};
use mainspring_task::Shared;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::support::{start, within};

/// Greets, and serves until the client says something or leaves.
async fn greet(mut client: TcpStream) -> std::io::Result<()> {
    client.write_all(b"!").await?;
    let _ = client.read_u8().await;
    Ok(())
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn trap_1_4_datagrams_are_handled_by_so_many_tasks_and_no_more() {
    let (running_now, peak) = (Shared::new(0_u32), Shared::new(0_u32));
    let (now, most) = (running_now.clone(), peak.clone());
    let server = UdpServer::bind("127.0.0.1:0", move |datagram: Datagram| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            now.update(|now| *now += 1);
            most.update(|most| *most = (*most).max(now.get()));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            now.update(|now| *now -= 1);
            datagram.reply(b"done").await
        }
    });
    let running = start(server.concurrency(2)).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(running.address("udp").unwrap()).await.unwrap();
    for _ in 0..50 {
        client.send(b"do").await.unwrap();
    }
    for _ in 0..50 {
        within(client.recv(&mut [0; 8])).await.unwrap();
    }
    assert_eq!((peak.get(), running_now.get()), (2, 0));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn trap_1_4_handlers_that_fail_are_counted_and_told_of_at_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (tell, heard) = (told.clone(), Arc::new(Notify::new()));
    let hear = heard.clone();
    let options = Options::new().on_failure(move |failure| {
        tell.lock().unwrap().push((failure.stage, failure.error.to_string()));
        hear.notify_one();
    });
    let server = TcpServer::bind("127.0.0.1:0", |_: TcpStream| async { Err("failed as told") });
    let running = start(server.name("trap-failing").options(options)).await;
    let _client = connect(running.address("trap-failing").unwrap()).await;
    within(heard.notified()).await;
    assert_eq!(*told.lock().unwrap(), [(Stage::Handler, "failed as told".to_owned())]);
    let counters = Counters::named("trap-failing").unwrap();
    running.stop().await.unwrap();
    let counts = counters.counts();
    assert_eq!((counts.accepted, counts.active, counts.failed), (1, 0, 1));
}

#[tokio::test]
async fn trap_1_4_connections_over_the_limit_are_refused() {
    let options = Options::new().connections(1).overflow(Overflow::Refuse);
    let running = start(TcpServer::bind("127.0.0.1:0", greet).options(options)).await;
    let address = running.address("tcp").unwrap();
    let mut first = connect(address).await;
    assert_eq!(within(first.read_u8()).await.unwrap(), b'!');
    assert_eq!(within(connect(address).await.read(&mut [0])).await.unwrap(), 0);
    drop(first);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn trap_1_4_a_silent_connection_is_ended() {
    let limit = Duration::from_secs(60);
    let server = TcpServer::bind("127.0.0.1:0", |mut client: Connection| async move {
        client.read_u8().await?;
        std::io::Result::Ok(())
    });
    let running = start(server.options(Options::new().idle(limit))).await;
    let (mut client, began) = (connect(running.address("tcp").unwrap()).await, Instant::now());
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert!((limit..limit * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn trap_1_4_a_handler_under_way_is_finished_at_the_stop() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (entered.clone(), go.clone());
    let server = TcpServer::bind("127.0.0.1:0", move |mut client: TcpStream| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            client.write_all(b"x").await
        }
    });
    let running = start(server).await;
    let address = running.address("tcp").unwrap();
    let mut client = connect(address).await;
    within(entered.notified()).await;
    let finish = async {
        // The port is closed: the stop is under way.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        client.read_u8().await.unwrap()
    };
    let (stopped, answer) = within(async { tokio::join!(running.stop(), finish) }).await;
    stopped.unwrap();
    assert_eq!(answer, b'x');
}

#[tokio::test]
async fn trap_1_4_a_handler_that_never_ends_is_cut_off_at_the_end_of_the_grace() {
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        client.write_all(b"!").await?;
        std::future::pending::<std::io::Result<()>>().await
    });
    let entrypoint = Entrypoint::new("test").shutdown_grace(Duration::from_millis(50)).service(server);
    let running = entrypoint.start().await.unwrap();
    let mut client = connect(running.address("tcp").unwrap()).await;
    assert_eq!(within(client.read_u8()).await.unwrap(), b'!');
    let error = within(running.stop()).await.unwrap_err();
    assert!(error.is_drain() && error.service() == Some("tcp"), "{error}");
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0, "the connection is closed");
}

#[tokio::test]
async fn trap_1_4_both_families_are_served_whatever_the_system_says() {
    let running = start(TcpServer::bind("[::]:0", greet)).await;
    let port = running.address("tcp").unwrap().port();
    for host in ["127.0.0.1", "::1"] {
        let mut client = TcpStream::connect((host, port)).await.unwrap();
        assert_eq!(within(client.read_u8()).await.unwrap(), b'!');
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn trap_1_7_port_0_is_a_port_of_the_systems_choice() {
    let running = start(TcpServer::bind("127.0.0.1:0", greet)).await;
    let address = running.address("tcp").unwrap();
    assert_ne!(address.port(), 0);
    assert_eq!(within(connect(address).await.read_u8()).await.unwrap(), b'!');
    running.stop().await.unwrap();
}

#[tokio::test]
async fn trap_1_7_a_client_that_leaves_does_not_cancel_its_handler() {
    let (go, done) = (Arc::new(Notify::new()), Shared::new(false));
    let (wait, tell) = (go.clone(), done.clone());
    let server = TcpServer::bind("127.0.0.1:0", move |mut client: TcpStream| {
        let (wait, tell) = (wait.clone(), tell.clone());
        async move {
            if client.read_u8().await? == b'w' {
                wait.notified().await;
                tell.update(|done| *done = true);
            }
            client.write_all(b"!").await
        }
    });
    let running = start(server).await;
    let address = running.address("tcp").unwrap();
    let mut leaver = connect(address).await;
    leaver.write_all(b"w").await.unwrap();
    drop(leaver);
    // By the time another is served, the server could have seen that the first has left.
    let mut other = connect(address).await;
    other.write_all(b"x").await.unwrap();
    assert_eq!(within(other.read_u8()).await.unwrap(), b'!');
    go.notify_one();
    within(done.until(|done| *done)).await;
    running.stop().await.unwrap();
}
