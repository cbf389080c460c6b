use std::io::ErrorKind;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::net::{Connection, Options, Overflow, Reconnect, Stage, TcpClient, TcpServer};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::{counted, echo, start, start_error};

/// Greets, and stays until the client goes.
async fn greet(mut client: TcpStream) -> std::io::Result<()> {
    client.write_all(b"in").await?;
    let _ = client.read_u8().await;
    Ok(())
}

async fn greeted(address: std::net::SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.read_exact(&mut [0; 2]).await.unwrap();
    client
}

#[tokio::test]
async fn connections_over_the_limit_are_refused_if_so_asked() {
    let options = Options::new().connections(1).overflow(Overflow::Refuse);
    let running = start(TcpServer::bind("127.0.0.1:0", greet).name("refuse").options(options)).await;
    let address = running.address("refuse").unwrap();
    let first = greeted(address).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    assert_eq!(second.read(&mut [0; 2]).await.unwrap(), 0, "the second one is served");
    counted("refuse", |counts| (counts.accepted, counts.active, counts.refused) == (1, 1, 1)).await;
    drop(first);
    counted("refuse", |counts| counts.active == 0).await;
    drop(greeted(address).await);
    counted("refuse", |counts| (counts.accepted, counts.refused) == (2, 1)).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn failures_and_panics_are_counted_and_told() {
    let told: Arc<Mutex<Vec<(Stage, String, bool)>>> = Arc::default();
    let tell = told.clone();
    let options = Options::new().on_failure(move |failure| {
        let known = failure.peer.address.is_some();
        tell.lock().unwrap().push((failure.stage, failure.error.to_string(), known));
    });
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        match client.read_u8().await.unwrap() {
            b'p' => panic!("told to"),
            b'f' => Err("failed as told"),
            _ => Ok(()),
        }
    });
    let running = start(server.name("failing").options(options)).await;
    for order in [b"p", b"f", b"o"] {
        let mut client = TcpStream::connect(running.address("failing").unwrap()).await.unwrap();
        client.write_all(order).await.unwrap();
        let _ = client.read_u8().await;
    }
    let counts = counted("failing", |counts| counts.active == 0 && counts.accepted == 3).await;
    assert_eq!(counts.failed, 2);
    running.stop().await.unwrap();
    let mut told = told.lock().unwrap();
    told.sort_by(|one, other| one.1.cmp(&other.1));
    let failure = |text: &str| (Stage::Handler, text.to_owned(), true);
    assert_eq!(*told, [failure("failed as told"), failure("the handler panicked: told to")]);
}

#[tokio::test]
async fn an_idle_connection_is_ended() {
    let options = Options::new().idle(Duration::from_millis(100));
    let running = start(TcpServer::bind("127.0.0.1:0", echo).name("idle").options(options)).await;
    let mut client = TcpStream::connect(running.address("idle").unwrap()).await.unwrap();
    client.write_all(b"x").await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'x');
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    counted("idle", |counts| counts.failed == 1 && counts.active == 0).await;
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_something_moves_is_not_idle() {
    let options = Options::new().idle(Duration::from_secs(10));
    let running = start(TcpServer::bind("127.0.0.1:0", echo).name("busy").options(options)).await;
    let mut client = TcpStream::connect(running.address("busy").unwrap()).await.unwrap();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(9)).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'x');
    }
    drop(client);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_idle_end_wakes_both_halves() {
    let ends: Arc<Mutex<Vec<ErrorKind>>> = Arc::default();
    let (tell, done) = (ends.clone(), Arc::new(Notify::new()));
    let tell_done = done.clone();
    let server = TcpServer::bind("127.0.0.1:0", move |client: Connection| {
        let (tell, done) = (tell.clone(), tell_done.clone());
        async move {
            let (mut reader, mut writer) = tokio::io::split(client);
            let read = async { reader.read_u8().await.unwrap_err().kind() };
            let write = async {
                loop {
                    // The client never reads: this waits once the buffers are full.
                    if let Err(error) = writer.write_all(&[0; 65_536]).await {
                        return error.kind();
                    }
                }
            };
            let (read, write) = tokio::join!(read, write);
            *tell.lock().unwrap() = vec![read, write];
            done.notify_one();
        }
    });
    let options = Options::new().idle(Duration::from_millis(200));
    let running = start(server.options(options)).await;
    let client = TcpStream::connect(running.address("tcp").unwrap()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), done.notified()).await.unwrap();
    assert!(ends.lock().unwrap().contains(&ErrorKind::TimedOut), "{ends:?}");
    drop(client);
    running.stop().await.unwrap();
}

/// The first half polled waits in a task that has ended its wait; the alarm is to wake the other.
#[tokio::test]
async fn an_idle_end_wakes_a_half_that_waits_in_a_task_of_its_own() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = TcpServer::bind("127.0.0.1:0", move |client: Connection| {
        let tell = tell.clone();
        async move {
            let (mut reader, mut writer) = tokio::io::split(client);
            let write = mainspring_task::spawn(async move {
                // The client never reads: this waits once the buffers are full, and is given up.
                let full = async { while writer.write_all(&[0; 65_536]).await.is_ok() {} };
                drop(tokio::time::timeout(Duration::from_millis(100), full).await);
                std::future::pending::<()>().await;
            });
            let kind = reader.read_u8().await.unwrap_err().kind();
            write.cancel();
            tell.send(kind).unwrap();
        }
    });
    let running = start(server.options(Options::new().idle(Duration::from_millis(200)))).await;
    let client = TcpStream::connect(running.address("tcp").unwrap()).await.unwrap();
    let kind = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap();
    assert_eq!(kind, Some(ErrorKind::TimedOut));
    drop(client);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_does_elsewhere_is_no_idle_time() {
    let server = TcpServer::bind("127.0.0.1:0", |mut client: Connection| async move {
        // Once after a byte that came, once after a wait that was given up.
        for _ in 0..2 {
            client.read_u8().await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            let waited = tokio::time::timeout(Duration::from_secs(9), client.read_u8()).await;
            assert!(waited.is_err(), "{waited:?}");
            tokio::time::sleep(Duration::from_secs(60)).await;
            client.write_all(b"x").await?;
        }
        std::io::Result::Ok(())
    });
    let running = start(server.name("slow").options(Options::new().idle(Duration::from_secs(10)))).await;
    let mut client = TcpStream::connect(running.address("slow").unwrap()).await.unwrap();
    for _ in 0..2 {
        client.write_all(b"x").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'x');
    }
    drop(client);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn limits_that_nothing_reaches_are_no_limits() {
    let options = Options::new().idle(Duration::MAX).keep_alive(Duration::MAX);
    let running = start(TcpServer::bind("127.0.0.1:0", echo).name("patient").options(options)).await;
    let address = running.address("patient").unwrap().to_string();
    let reconnect = Reconnect::new().idle(Duration::MAX).keep_alive(Some(Duration::MAX));
    let reconnect = reconnect.start_timeout(Duration::MAX).connect_timeout(Duration::MAX);
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Arc::new(Mutex::new(Some(tell)));
    let client = TcpClient::connect(address, move |mut server: Connection| {
        let tell = tell.clone();
        async move {
            server.write_all(b"x").await?;
            let answer = server.read_u8().await?;
            if let Some(tell) = tell.lock().unwrap().take() {
                let _ = tell.send(answer);
            }
            std::io::Result::Ok(())
        }
    });
    let asking = start(client.reconnect(reconnect)).await;
    assert_eq!(told.await, Ok(b'x'));
    asking.stop().await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_idle_time_out_needs_a_handler_of_connections() {
    let options = Options::new().idle(Duration::from_secs(1));
    let error = start_error(TcpServer::bind("127.0.0.1:0", greet).options(options)).await;
    assert!(
        error.contains("takes a TcpStream, which this service does not give: take a Connection"),
        "{error}"
    );
}

#[tokio::test]
async fn socket_options_reach_each_connection() {
    let options = Options::new().nodelay(true).keep_alive(Duration::from_secs(42));
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        let socket = SockRef::from(&client);
        let set = (socket.tcp_nodelay()?, socket.keepalive()?, socket.tcp_keepalive_time()?.as_secs());
        client.write_all(format!("{set:?}").as_bytes()).await
    });
    let running = start(server.options(options)).await;
    let mut text = String::new();
    let mut client = TcpStream::connect(running.address("tcp").unwrap()).await.unwrap();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "(true, true, 42)");
    running.stop().await.unwrap();
}

/// aiomisc leaves it to the system's default.
#[tokio::test]
async fn an_ipv6_wildcard_takes_ipv4_unless_told_otherwise() {
    for (only, reached) in [(false, true), (true, false)] {
        let options = Options::new().v6_only(only);
        let running = start(TcpServer::bind("[::]:0", greet).options(options)).await;
        let port = running.address("tcp").unwrap().port();
        assert_eq!(TcpStream::connect(("127.0.0.1", port)).await.is_ok(), reached);
        running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn two_servers_share_a_port_if_so_asked() {
    let server = |address: &str| TcpServer::bind(address, greet).options(Options::new().reuse_port(true));
    let first = start(server("127.0.0.1:0")).await;
    let address = first.address("tcp").unwrap();
    let second = start(server(&address.to_string())).await;
    first.stop().await.unwrap();
    drop(greeted(address).await);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn the_peer_is_known_to_the_task() {
    let server = TcpServer::bind("127.0.0.1:0", |mut client: TcpStream| async move {
        let same = mainspring_service::net::peer().unwrap().address == Some(client.peer_addr()?);
        client.write_all(same.to_string().as_bytes()).await
    });
    let running = start(server).await;
    let mut text = String::new();
    let mut client = TcpStream::connect(running.address("tcp").unwrap()).await.unwrap();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "true");
    running.stop().await.unwrap();
}

/// The body of the next test, in a process that may have few files open.
#[tokio::test]
#[ignore = "run by the next test"]
async fn with_few_file_descriptors() {
    let running = start(TcpServer::bind("127.0.0.1:0", greet).name("few")).await;
    let address = running.address("few").unwrap();
    // The clients of this process use the descriptors up, a client and a server end at a time.
    let mut clients = Vec::new();
    while let Ok(client) = TcpStream::connect(address).await {
        clients.push(client);
        tokio::task::yield_now().await;
    }
    let counts = counted("few", |counts| counts.stalls > 0).await;
    assert!(counts.stalls < 100, "accepting without a pause: {counts:?}");
    drop(clients);
    drop(greeted(address).await);
    running.stop().await.unwrap();
}

#[test]
fn accepting_goes_on_after_file_descriptors_ran_out() {
    let this = std::env::current_exe().unwrap();
    let command = "ulimit -n 40 && exec \"$0\" --exact limits::with_few_file_descriptors --ignored";
    let output = Command::new("sh").arg("-c").arg(command).arg(&this).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
