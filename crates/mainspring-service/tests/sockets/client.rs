use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainspring_service::net::tls::{ClientTls, ServerTls};
use mainspring_service::net::{Connection, Reconnect, TcpClient, TlsClient, TlsServer, UnixServer};
use mainspring_service::{Entrypoint, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Authority, Folder, echo, start, start_error};

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address that nobody listens on.
async fn dead() -> SocketAddr {
    listen().await.1
}

/// Reads until the server ends the connection.
async fn read_all(mut server: TcpStream) -> std::io::Result<()> {
    server.read_to_end(&mut Vec::new()).await.map(|_| ())
}

fn quick() -> Reconnect {
    Reconnect::new().pause(Duration::from_millis(1), Duration::from_millis(5))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), future).await.unwrap()
}

#[tokio::test]
async fn a_client_talks_to_its_server() {
    let (listener, address) = listen().await;
    let client = TcpClient::connect(address, |mut server: TcpStream| async move {
        server.write_all(b"hello").await?;
        read_all(server).await
    });
    let (running, mut server) = tokio::join!(start(client), async { listener.accept().await.unwrap().0 });
    let mut said = [0; 5];
    server.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
    running.stop().await.unwrap();
}

/// aiomisc's client made 1,672 connections a second here.
#[tokio::test(start_paused = true)]
async fn a_server_that_closes_cleanly_is_not_stormed() {
    let (listener, address) = listen().await;
    let reconnect = Reconnect::new().pause(Duration::from_millis(100), Duration::from_secs(1));
    let running = tokio::join!(start(TcpClient::connect(address, read_all).reconnect(reconnect)), async {
        drop(listener.accept().await.unwrap());
    })
    .0;
    let mut connections = 1;
    let end = sleep(Duration::from_secs(20));
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            accepted = listener.accept() => {
                drop(accepted.unwrap());
                connections += 1;
            }
        }
    }
    // The pauses grow to half a second on average.
    assert!((20..80).contains(&connections), "{connections}");
    running.stop().await.unwrap();
}

/// aiomisc's client made a pause only after errors, and none after the first connection had failed.
#[tokio::test]
async fn a_client_reconnects_after_errors_panics_and_clean_ends() {
    let (listener, address) = listen().await;
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let client = TcpClient::connect(address, move |_: TcpStream| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            match number {
                0 => Err("failed"),
                1 => panic!("told to"),
                _ => Ok(()),
            }
        }
    });
    let accept = async {
        for _ in 0..4 {
            listener.accept().await.unwrap();
        }
    };
    let (running, ()) = within(async { tokio::join!(start(client.reconnect(quick())), accept) }).await;
    assert!(count.load(Ordering::Relaxed) >= 3);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_held_makes_the_next_pause_short_again() {
    let (listener, address) = listen().await;
    let reconnect = Reconnect::new()
        .pause(Duration::from_millis(10), Duration::from_secs(3_600))
        .healthy_after(Duration::from_secs(5));
    let running = tokio::join!(start(TcpClient::connect(address, read_all).reconnect(reconnect)), async {
        // Enough short ones to make the pauses long, were they not forgotten.
        for _ in 0..10 {
            drop(listener.accept().await.unwrap());
        }
        let (held, _) = listener.accept().await.unwrap();
        sleep(Duration::from_secs(6)).await;
        drop(held);
    })
    .0;
    let since = Instant::now();
    drop(listener.accept().await.unwrap());
    assert!(since.elapsed() <= Duration::from_millis(11), "{:?}", since.elapsed());
    running.stop().await.unwrap();
}

/// aiomisc's client kept the start of the process waiting for ever.
#[tokio::test(start_paused = true)]
async fn a_dead_address_fails_the_start_in_time() {
    let address = dead().await;
    let since = Instant::now();
    let error = start_error(TcpClient::connect(address, read_all)).await;
    assert!(error.contains(&format!("cannot connect to {address}: ")), "{error}");
    assert!(since.elapsed() <= Duration::from_secs(31), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_dead_address_holds_up_no_start_that_does_not_wait_for_it() {
    let address = dead().await;
    let (tell, mut connected) = mpsc::channel(1);
    let client = TcpClient::connect(address, move |server: TcpStream| {
        let tell = tell.clone();
        async move {
            tell.send(()).await.unwrap();
            read_all(server).await
        }
    });
    let running = start(client.reconnect(quick().ready_after_first_connection(false))).await;
    // The server comes up late.
    let listener = TcpListener::bind(address).await.unwrap();
    within(connected.recv()).await.unwrap();
    drop(listener);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_waits_for_its_first_connection() {
    let address = dead().await;
    let starting = mainspring_task::spawn(start(TcpClient::connect(address, read_all).reconnect(quick())));
    let listener = TcpListener::bind(address).await.unwrap();
    let (server, _) = within(listener.accept()).await.unwrap();
    let running: Running = within(starting).await.unwrap();
    drop(server);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_handler_is_cancelled_at_the_stop_and_cleans_up() {
    let (listener, address) = listen().await;
    let (begun, cleaned) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (tell, count) = (begun.clone(), cleaned.clone());
    let client = TcpClient::connect(address, move |server: TcpStream| {
        let (tell, count) = (tell.clone(), count.clone());
        async move {
            tell.notify_one();
            mainspring_task::cancel::finally(read_all(server), async move {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::Relaxed);
            })
            .await
        }
    });
    let (running, _server) = tokio::join!(start(client), async { listener.accept().await.unwrap() });
    begun.notified().await;
    within(running.stop()).await.unwrap();
    assert_eq!(cleaned.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_handler_shows_as_a_task_of_its_service() {
    let (listener, address) = listen().await;
    let (tell, mut told) = mpsc::channel(1);
    let client = TcpClient::connect(address, move |server: TcpStream| {
        let tell = tell.clone();
        async move {
            let info = mainspring_task::current_task().unwrap().info();
            tell.send((info.name.to_string(), info.service, info.place.file())).await.unwrap();
            read_all(server).await
        }
    });
    let (running, _server) =
        tokio::join!(start(client.name("feed")), async { listener.accept().await.unwrap() });
    let (name, service, file) = told.recv().await.unwrap();
    assert_eq!((name, service.as_deref()), (format!("feed {address}"), Some("feed")));
    assert!(file.ends_with("tests/sockets/client.rs"), "{file}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_connects_to_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server =
        UnixServer::bind(&path, |mut client: UnixStream| async move { client.write_all(b"hi").await });
    let (tell, mut told) = mpsc::channel(1);
    let client = TcpClient::connect(format!("unix:{}", path.display()), move |mut server: Connection| {
        let tell = tell.clone();
        async move {
            let mut text = String::new();
            server.read_to_string(&mut text).await?;
            let _ = tell.send(text).await;
            std::io::Result::Ok(())
        }
    });
    let running =
        Entrypoint::new("test").service(server).service(client.reconnect(quick())).start().await.unwrap();
    assert_eq!(within(told.recv()).await.unwrap(), "hi");
    running.stop().await.unwrap();
}

/// An authority, its file, and a TLS server at work.
async fn tls_server() -> (Authority, Folder, Running, SocketAddr) {
    let (authority, folder) = (Authority::new(), Folder::new());
    folder.write("ca.pem", &authority.pem);
    let (certificate, key) = authority.sign("localhost").write(&folder);
    let tls = ServerTls::pem(certificate, key).require_client_certificate(folder.file("ca.pem"));
    let running = start(TlsServer::bind("127.0.0.1:0", tls.alpn(["echo"]), echo)).await;
    let address = running.address("tls").unwrap();
    (authority, folder, running, address)
}

#[tokio::test]
async fn a_tls_client_shows_its_certificate_and_talks() {
    let (authority, folder, server, address) = tls_server().await;
    let identity = authority.sign("client");
    let certificate = folder.write("client.pem", &identity.certificate);
    let key = folder.write("client-key.pem", &identity.key);
    let tls = ClientTls::new()
        .authorities(folder.file("ca.pem"))
        .certificate(certificate, key)
        .server_name("localhost")
        .alpn(["echo"]);
    let (tell, mut told) = mpsc::channel(1);
    let client = TlsClient::connect(address, tls, move |mut server: Connection| {
        let tell = tell.clone();
        async move {
            server.write_all(b"ping").await?;
            server.flush().await?;
            let mut answer = [0; 4];
            server.read_exact(&mut answer).await?;
            let _ =
                tell.send((answer, server.alpn().map(<[u8]>::to_vec), server.certificate().is_some())).await;
            std::io::Result::Ok(())
        }
    });
    let running = start(client.reconnect(quick())).await;
    assert_eq!(within(told.recv()).await.unwrap(), (*b"ping", Some(b"echo".to_vec()), true));
    running.stop().await.unwrap();
    server.stop().await.unwrap();
}

/// A server that ends each connection with a proper goodbye is connected to again, and not stormed.
#[tokio::test]
async fn a_tls_client_reconnects_after_clean_ends_with_growing_pauses() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (certificate, key) = authority.sign("localhost").write(&folder);
    let bye = TlsServer::bind("127.0.0.1:0", ServerTls::pem(certificate, key), |_: Connection| async {});
    let server = start(bye).await;
    let tls = ClientTls::new().authorities(folder.write("ca.pem", &authority.pem)).server_name("localhost");
    let (tell, mut told) = mpsc::channel(100);
    let client = TlsClient::connect(server.address("tls").unwrap(), tls, move |mut server: Connection| {
        let tell = tell.clone();
        async move {
            let ended = server.read_to_end(&mut Vec::new()).await.is_ok();
            let _ = tell.send((ended, Instant::now())).await;
        }
    });
    let reconnect = Reconnect::new().pause(Duration::from_millis(20), Duration::from_millis(160));
    let running = start(client.reconnect(reconnect)).await;
    let mut ends = Vec::new();
    for _ in 0..10 {
        ends.push(within(told.recv()).await.unwrap());
    }
    assert!(ends.iter().all(|(ended, _)| *ended), "an end was not a clean one");
    // 20, 40, 80 and then 160 ms at most, each a random share: 0.58 s on average, all but never less than this.
    assert!(ends[9].1 - ends[0].1 > Duration::from_millis(150), "{ends:?}");
    running.stop().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_tls_client_does_not_start_with_a_server_it_does_not_trust() {
    let (_, folder, server, address) = tls_server().await;
    let other = folder.write("other.pem", &Authority::new().pem);
    let reconnect = quick().start_timeout(Duration::from_millis(50));
    let connect = |tls| TlsClient::connect(address, tls, echo).reconnect(reconnect.clone());
    let tls = ClientTls::new().authorities(other).server_name("localhost");
    let error = start_error(connect(tls)).await;
    assert!(error.contains("invalid peer certificate"), "{error}");
    let tls = ClientTls::new().authorities(folder.file("ca.pem")).server_name("example.com");
    let error = start_error(connect(tls)).await;
    assert!(error.contains("not valid for name"), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_tls_clients_file_that_cannot_be_used_fails_the_start_at_once() {
    let folder = Folder::new();
    let tls = ClientTls::new().authorities(folder.file("none.pem"));
    let error = within(start_error(TlsClient::connect("localhost:1", tls, echo))).await;
    assert!(error.contains("none.pem"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_shakes_hands_is_given_up() {
    let (listener, address) = listen().await;
    let authority = Authority::new();
    let folder = Folder::new();
    let tls = ClientTls::new().authorities(folder.write("ca.pem", &authority.pem));
    let client = TlsClient::connect(address, tls, echo);
    let error = start_error(client).await;
    assert!(error.contains(&format!("cannot connect to {address}: it did not answer in time")), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_handler_of_another_kind_fails_the_start_at_once() {
    let error = within(start_error(TcpClient::connect("unix:/none", read_all))).await;
    assert!(error.contains("takes a TcpStream, which this service does not give"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_left_after_the_idle_time_out() {
    let (listener, address) = listen().await;
    let reconnect = quick().idle(Duration::from_millis(50));
    let client = TcpClient::connect(address, echo).reconnect(reconnect);
    let accept = async {
        let (mut silent, _) = listener.accept().await.unwrap();
        assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);
        listener.accept().await.unwrap()
    };
    let (running, _server) = within(async { tokio::join!(start(client), accept) }).await;
    running.stop().await.unwrap();
}
