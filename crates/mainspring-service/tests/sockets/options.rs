//! Each of the common options, on each kind of server that it has a meaning for.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::net::tls::ServerTls;
use mainspring_service::net::{Connection, Options, Overflow, Stage, TcpServer, TlsServer, UnixServer};
use mainspring_service::{Entrypoint, Outcome, Running};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::support::{Authority, Duplex, Folder, counted, echo};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Tls,
    Unix,
}

const KINDS: [Kind; 3] = [Kind::Tcp, Kind::Tls, Kind::Unix];

/// A server of one kind, and what is needed to reach it.
struct Site {
    running: Running,
    kind: Kind,
    name: String,
    authority: Authority,
    folder: Folder,
}

impl Site {
    async fn start<H, Fut>(kind: Kind, name: &str, options: Options, handler: H) -> Self
    where
        H: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Site::at("127.0.0.1:0", kind, name, options, handler).await
    }

    async fn at<H, Fut>(address: &str, kind: Kind, name: &str, options: Options, handler: H) -> Self
    where
        H: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let (authority, folder) = (Authority::new(), Folder::new());
        let name = format!("{name} {kind:?}");
        let entrypoint = Entrypoint::new("test");
        let entrypoint = match kind {
            Kind::Tcp => {
                entrypoint.service(TcpServer::bind(address, handler).name(name.clone()).options(options))
            }
            Kind::Unix => {
                let path = folder.file("socket");
                entrypoint.service(UnixServer::bind(path, handler).name(name.clone()).options(options))
            }
            Kind::Tls => {
                let (certificate, key) = authority.sign("localhost").write(&folder);
                let tls = ServerTls::pem(certificate, key);
                entrypoint.service(TlsServer::bind(address, tls, handler).name(name.clone()).options(options))
            }
        };
        Site { running: entrypoint.start().await.unwrap(), kind, name, authority, folder }
    }

    fn address(&self) -> SocketAddr {
        self.running.address(&self.name).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.running.path(&self.name).unwrap()
    }

    /// A connection whose handshake is done.
    async fn connect(&self) -> std::io::Result<Box<dyn Duplex>> {
        Ok(match self.kind {
            Kind::Tcp => Box::new(TcpStream::connect(self.address()).await?),
            Kind::Unix => Box::new(UnixStream::connect(self.path()).await?),
            Kind::Tls => {
                Box::new(self.authority.client().over(TcpStream::connect(self.address()).await?).await?)
            }
        })
    }

    /// A connection that the handler has taken up.
    async fn greeted(&self) -> std::io::Result<Box<dyn Duplex>> {
        let mut client = self.connect().await?;
        client.read_exact(&mut [0; 2]).await?;
        Ok(client)
    }
}

/// Greets, and stays until the client goes.
async fn greet(mut client: Connection) -> std::io::Result<()> {
    client.write_all(b"in").await?;
    client.flush().await?;
    let _ = client.read_u8().await;
    Ok(())
}

#[tokio::test]
async fn connections_over_the_limit_wait() {
    for kind in KINDS {
        let site = Site::start(kind, "wait", Options::new().connections(1), greet).await;
        let first = site.greeted().await.unwrap();
        let mut second = Box::pin(site.greeted());
        assert!(timeout(Duration::from_millis(50), &mut second).await.is_err(), "{kind:?}: over the limit");
        drop(first);
        drop(second.as_mut().await.unwrap());
        drop(second);
        counted(&site.name, |counts| (counts.accepted, counts.active) == (2, 0)).await;
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn connections_over_the_limit_are_refused() {
    for kind in KINDS {
        let options = Options::new().connections(1).overflow(Overflow::Refuse);
        let site = Site::start(kind, "refuse", options, greet).await;
        let first = site.greeted().await.unwrap();
        assert!(site.greeted().await.is_err(), "{kind:?}: over the limit");
        counted(&site.name, |counts| (counts.accepted, counts.refused) == (1, 1)).await;
        drop(first);
        counted(&site.name, |counts| counts.active == 0).await;
        drop(site.greeted().await.unwrap());
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn idle_connections_are_ended() {
    for kind in KINDS {
        let site = Site::start(kind, "idle", Options::new().idle(Duration::from_millis(50)), echo).await;
        let mut client = site.connect().await.unwrap();
        client.write_all(b"x").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'x');
        assert!(matches!(client.read(&mut [0; 1]).await, Ok(0) | Err(_)), "{kind:?}");
        counted(&site.name, |counts| (counts.failed, counts.active) == (1, 0)).await;
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn failures_and_panics_are_told() {
    for kind in KINDS {
        let told: Arc<Mutex<Vec<_>>> = Arc::default();
        let tell = told.clone();
        let options = Options::new().on_failure(move |failure| {
            tell.lock().unwrap().push(format!("{} {} {}", failure.service, failure.stage, failure.error));
        });
        let handler = |mut client: Connection| async move {
            match client.read_u8().await.unwrap() {
                b'p' => panic!("told {}", "to"),
                _ => Err("failed as told"),
            }
        };
        let site = Site::start(kind, "told", options, handler).await;
        for (number, order) in [b"p", b"f"].into_iter().enumerate() {
            let mut client = site.connect().await.unwrap();
            client.write_all(order).await.unwrap();
            client.flush().await.unwrap();
            let _ = client.read_u8().await;
            counted(&site.name, |counts| counts.failed == number as u64 + 1).await;
        }
        site.running.stop().await.unwrap();
        let (name, stage) = (&site.name, Stage::Handler);
        let wanted = [
            format!("{name} {stage} the handler panicked: told to"),
            format!("{name} {stage} failed as told"),
        ];
        assert_eq!(*told.lock().unwrap(), wanted);
    }
}

#[tokio::test]
async fn a_handler_that_panics_before_it_awaits_is_told() {
    let told: Arc<Mutex<Vec<_>>> = Arc::default();
    let tell = told.clone();
    let options =
        Options::new().on_failure(move |failure| tell.lock().unwrap().push(failure.error.to_string()));
    fn handler(client: Connection) -> std::future::Ready<()> {
        assert!(client.is_tls(), "told to");
        std::future::ready(())
    }
    let site = Site::start(Kind::Tcp, "early", options, handler).await;
    let _ = site.connect().await.unwrap().read_u8().await;
    counted(&site.name, |counts| (counts.failed, counts.active) == (1, 0)).await;
    site.running.stop().await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["the handler panicked: told to"]);
}

#[tokio::test]
async fn the_backlog_holds_as_many_as_it_is_told_to() {
    for kind in KINDS {
        let site = Site::start(kind, "backlog", Options::new().connections(1).backlog(2), greet).await;
        let first = site.greeted().await.unwrap();
        // Bare ones: a handshake would wait for the server. The kernel holds one more than it is told to.
        let mut held = Vec::new();
        let connect = async || match kind {
            Kind::Unix => UnixStream::connect(site.path()).await.map(|one| Box::new(one) as Box<dyn Duplex>),
            Kind::Tcp | Kind::Tls => TcpStream::connect(site.address()).await.map(|one| Box::new(one) as _),
        };
        for number in 0..3 {
            let connected = timeout(Duration::from_secs(5), connect()).await;
            assert!(connected.is_ok_and(|connected| connected.map(|one| held.push(one)).is_ok()), "{number}");
        }
        let further = timeout(Duration::from_millis(100), connect()).await;
        assert!(further.is_err() || further.unwrap().is_err(), "{kind:?}: the backlog holds more");
        drop((first, held));
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn socket_options_reach_each_connection() {
    let options = Options::new().nodelay(false).keep_alive(Duration::from_secs(42));
    let options = options.receive_buffer(20_000).send_buffer(30_000);
    for kind in KINDS {
        let handler = move |mut client: Connection| async move {
            let socket = SockRef::from(&client);
            // The kernel takes the double.
            let buffers = (socket.recv_buffer_size()?, socket.send_buffer_size()?);
            let tcp = match kind {
                Kind::Unix => None,
                _ => {
                    Some((socket.tcp_nodelay()?, socket.keepalive()?, socket.tcp_keepalive_time()?.as_secs()))
                }
            };
            client.write_all(format!("{buffers:?} {tcp:?}").as_bytes()).await
        };
        let site = Site::start(kind, "socket", options.clone(), handler).await;
        let mut text = String::new();
        site.connect().await.unwrap().read_to_string(&mut text).await.unwrap();
        let wanted = match kind {
            Kind::Unix => "(40000, 60000) None",
            _ => "(40000, 60000) Some((false, true, 42))",
        };
        assert_eq!(text, wanted, "{kind:?}");
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn small_writes_are_sent_at_once_by_default() {
    for kind in [Kind::Tcp, Kind::Tls] {
        let handler = |mut client: Connection| async move {
            let nodelay = SockRef::from(&client.as_fd()).tcp_nodelay()?;
            client.write_all(nodelay.to_string().as_bytes()).await
        };
        let site = Site::start(kind, "nodelay", Options::new(), handler).await;
        let mut text = String::new();
        site.connect().await.unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "true");
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_port_is_shared_if_so_asked() {
    for kind in [Kind::Tcp, Kind::Tls] {
        let options = || Options::new().reuse_port(true);
        let first = Site::start(kind, "first", options(), greet).await;
        let address = first.address();
        let second = Site::at(&address.to_string(), kind, "second", options(), greet).await;
        first.running.stop().await.unwrap();
        drop(second.greeted().await.unwrap());
        second.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_ipv6_socket_takes_ipv4_unless_told_otherwise() {
    for kind in [Kind::Tcp, Kind::Tls] {
        for (only, reached) in [(false, true), (true, false)] {
            let site = Site::at("[::]:0", kind, "v6", Options::new().v6_only(only), greet).await;
            let port = site.address().port();
            assert_eq!(TcpStream::connect(("127.0.0.1", port)).await.is_ok(), reached, "{kind:?}");
            site.running.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_permissions_are_those_asked_for_at_any_unix_address() {
    for kind in KINDS {
        let folder = Folder::new();
        let address = format!("unix:{}", folder.file("own").display());
        let site = Site::at(&address, kind, "mode", Options::new().mode(0o640), greet).await;
        let mode = std::fs::metadata(site.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{kind:?}");
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_connections_task_is_shown_at_the_place_of_its_server() {
    let here = |mut client: Connection| async move {
        let place = mainspring_task::current_task().unwrap().info().place;
        client.write_all(place.file().as_bytes()).await
    };
    for kind in KINDS {
        // By way of a pointer, the place of the options is that of the function itself.
        let options: fn() -> Options = Options::new;
        let site = Site::start(kind, "place", options(), here).await;
        let mut text = String::new();
        site.connect().await.unwrap().read_to_string(&mut text).await.unwrap();
        assert!(text.ends_with("tests/sockets/options.rs"), "{text}");
        site.running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn bytes_are_counted_of_connections() {
    for kind in KINDS {
        let site = Site::start(kind, "bytes", Options::new(), echo).await;
        let mut client = site.connect().await.unwrap();
        client.write_all(&[7; 100_000]).await.unwrap();
        client.read_exact(&mut [0; 100_000]).await.unwrap();
        // One that is open has told of all but its last 64 KiB.
        let early = counted(&site.name, |counts| counts.active == 1).await;
        assert!(early.received >= 100_000 - 65_536, "{kind:?}: {early:?}");
        client.write_all(b"more").await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
        drop(client);
        let counts = counted(&site.name, |counts| counts.active == 0).await;
        assert_eq!((counts.received, counts.sent), (100_004, 100_004), "{kind:?}");
        site.running.stop().await.unwrap();
        assert!(!site.folder.file("socket").exists());
    }
}
