//! Servers over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::net::{Datagram, Options, TcpServer, UdpServer};
use mainspring_service::{Entrypoint, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Notify;

async fn read_all(address: SocketAddr) -> String {
    let mut text = String::new();
    TcpStream::connect(address).await.unwrap().read_to_string(&mut text).await.unwrap();
    text
}

async fn hello(mut client: TcpStream) -> std::io::Result<()> {
    client.write_all(b"hello").await
}

#[tokio::test]
async fn a_tcp_server_answers() {
    let running =
        Entrypoint::new("test").service(TcpServer::bind("127.0.0.1:0", hello)).start().await.unwrap();
    assert_eq!(read_all(running.address("tcp").unwrap()).await, "hello");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_service() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let server = TcpServer::bind(address, hello).name("rates");
    let error = Entrypoint::new("test").service(server).start().await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("service `rates` did not start: cannot listen on {address}: ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_malformed_address_is_named() {
    let server = TcpServer::bind("127.0.0.1:http-ish", hello);
    let error = Entrypoint::new("test").service(server).start().await.unwrap_err().to_string();
    assert!(error.contains("cannot listen on 127.0.0.1:http-ish: "), "{error}");
}

#[tokio::test]
async fn a_stopped_server_refuses_connections() {
    let running =
        Entrypoint::new("test").service(TcpServer::bind("127.0.0.1:0", hello)).start().await.unwrap();
    let address = running.address("tcp").unwrap();
    running.stop().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_connection_under_way_is_finished_at_shutdown() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (entered.clone(), go.clone());
    let server = TcpServer::bind("127.0.0.1:0", move |client: TcpStream| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            hello(client).await
        }
    });
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    let client = tokio::join!(read_all(running.address("tcp").unwrap()), async {
        entered.notified().await;
        let (stopped, ()) = tokio::join!(running.stop(), async { go.notify_one() });
        stopped.unwrap();
    });
    assert_eq!(client.0, "hello");
}

#[tokio::test]
async fn a_panicking_handler_ends_its_connection_only() {
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        let byte = client.read_u8().await?;
        assert_ne!(byte, b'!', "told to");
        client.write_all(&[byte]).await
    });
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    let address = running.address("tcp").unwrap();
    for (sent, answer) in [(b'!', ""), (b'x', "x")] {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(&[sent]).await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, answer);
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_their_turn() {
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        client.write_all(b"in").await?;
        let _ = client.read_u8().await;
        std::io::Result::Ok(())
    });
    let running =
        Entrypoint::new("test").service(server.options(Options::new().connections(1))).start().await.unwrap();
    let address = running.address("tcp").unwrap();
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut greeting = [0; 2];
    first.read_exact(&mut greeting).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), second.read_exact(&mut greeting)).await;
    assert!(early.is_err(), "served over the limit");
    drop(first);
    second.read_exact(&mut greeting).await.unwrap();
    drop(second);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_task_shows_who_and_where() {
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        let info = mainspring_task::current_task().unwrap().info();
        client
            .write_all(format!("{} {} {}", info.name, info.service.unwrap(), info.place.file()).as_bytes())
            .await
    });
    let running = Entrypoint::new("test").service(server.name("shown")).start().await.unwrap();
    let text = read_all(running.address("shown").unwrap()).await;
    assert!(
        text.starts_with("shown 127.0.0.1:")
            && text.ends_with(" shown crates/mainspring-service/tests/net.rs"),
        "{text}"
    );
    running.stop().await.unwrap();
}

#[test]
fn per_core_spreads_connections_over_all_threads() {
    let threads: Arc<Mutex<HashSet<String>>> = Arc::default();
    let seen = threads.clone();
    // Bound and let go: the port is free for the server, and known beforehand.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = TcpServer::bind(address, move |mut client: TcpStream| {
        seen.lock().unwrap().insert(std::thread::current().name().unwrap_or_default().to_owned());
        async move {
            client.write_all(b"in").await?;
            let _ = client.read_u8().await;
            std::io::Result::Ok(())
        }
    });
    let both = async move {
        let mut clients = Vec::new();
        for _ in 0..2 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.read_exact(&mut [0; 2]).await.unwrap();
            clients.push(client);
        }
    };
    Entrypoint::new("test").runtime(Runtime::PerCore).workers(2).service(server).run_until(both).unwrap();
    let threads: Vec<_> = { threads.lock().unwrap().iter().cloned().collect() };
    assert_eq!(threads.len(), 2, "{threads:?}");
    assert!(threads.iter().all(|name| name.starts_with("core-")), "{threads:?}");
}

#[tokio::test]
async fn a_udp_server_replies() {
    let server = UdpServer::bind("127.0.0.1:0", |datagram: Datagram| async move {
        let text = [b"got ".as_slice(), &datagram.data].concat();
        datagram.reply(&text).await
    });
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(running.address("udp").unwrap()).await.unwrap();
    for text in ["one", "", "three"] {
        client.send(text.as_bytes()).await.unwrap();
        let mut answer = [0; 64];
        let length = client.recv(&mut answer).await.unwrap();
        assert_eq!(&answer[..length], format!("got {text}").as_bytes());
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn the_largest_datagram_arrives_whole() {
    let server = UdpServer::bind("127.0.0.1:0", |datagram: Datagram| async move {
        datagram.reply(&datagram.data.len().to_be_bytes()).await
    });
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(running.address("udp").unwrap()).await.unwrap();
    for _ in 0..10 {
        client.send(&vec![7; 65_507]).await.unwrap();
        let mut answer = [0; 8];
        client.recv(&mut answer).await.unwrap();
        assert_eq!(usize::from_be_bytes(answer), 65_507);
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_failing_udp_handler_does_not_stop_the_server() {
    let server = UdpServer::bind("127.0.0.1:0", |datagram: Datagram| async move {
        if datagram.data.is_empty() {
            return Err("empty".into());
        }
        datagram.reply(b"ok").await.map_err(mainspring_service::BoxError::from)
    });
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.connect(running.address("udp").unwrap()).await.unwrap();
    client.send(b"").await.unwrap();
    client.send(b"x").await.unwrap();
    let mut answer = [0; 8];
    assert_eq!(client.recv(&mut answer).await.unwrap(), 2);
    running.stop().await.unwrap();
}
