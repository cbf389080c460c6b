//! Sockets that are taken over from another process; apart from the other tests, whose sockets it would
//! list too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use mainspring_service::Entrypoint;
use mainspring_service::net::inherit::{Inherited, adopt, adopt_environment, hand_over, leftover};
use mainspring_service::net::{Datagram, TcpServer, UdpServer, UnixServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, UnixStream};
use tokio::sync::{Mutex, MutexGuard};

/// The table is the process's: one test at a time.
static TABLE: Mutex<()> = Mutex::const_new(());

async fn alone() -> MutexGuard<'static, ()> {
    let guard = TABLE.lock().await;
    drop(leftover());
    guard
}

async fn hello(mut client: TcpStream) -> std::io::Result<()> {
    client.write_all(b"hello").await
}

fn socket() -> (TcpListener, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// One test of this file in a process of its own, which is told of sockets with these names.
fn child(test: &str, names: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored"]);
    command.env("LISTEN_FDS", names.split(':').count().to_string()).env("LISTEN_FDNAMES", names);
    command
}

fn passes(child: &mut Command) {
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

async fn read_all(address: SocketAddr) -> String {
    let mut text = String::new();
    TcpStream::connect(address).await.unwrap().read_to_string(&mut text).await.unwrap();
    text
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("mainspring-inherit-{}-{name}", std::process::id()))
}

#[tokio::test]
async fn a_socket_is_found_by_the_services_name() {
    let _alone = alone().await;
    let (socket, address) = socket();
    adopt(Inherited::new("api", socket.into()));
    let server = TcpServer::bind("127.0.0.1:0", hello).name("api");
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    assert_eq!(running.address("api"), Some(address));
    assert_eq!(read_all(address).await, "hello");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_socket_is_found_by_its_address() {
    let _alone = alone().await;
    let (socket, address) = socket();
    adopt(Inherited::new("unknown", socket.into()));
    let running = Entrypoint::new("test").service(TcpServer::bind(address, hello)).start().await.unwrap();
    assert_eq!(read_all(address).await, "hello");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_socket_of_another_address_or_kind_is_left() {
    let _alone = alone().await;
    let (moved, old) = socket();
    adopt(Inherited::new("tcp", moved.into()).address("127.0.0.1:1"));
    adopt(Inherited::new("tcp", std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()));
    let running =
        Entrypoint::new("test").service(TcpServer::bind("127.0.0.1:0", hello)).start().await.unwrap();
    assert_ne!(running.address("tcp"), Some(old));
    running.stop().await.unwrap();
    let names: Vec<_> = leftover().into_iter().map(|left| (left.service, left.address)).collect();
    assert_eq!(names, [("tcp".into(), Some("127.0.0.1:1".into())), ("tcp".into(), None)]);
}

#[tokio::test]
async fn a_connection_made_before_the_start_is_served() {
    let _alone = alone().await;
    let (socket, address) = socket();
    let early = TcpStream::connect(address).await.unwrap();
    adopt(Inherited::new("tcp", socket.into()));
    let running =
        Entrypoint::new("test").service(TcpServer::bind("127.0.0.1:0", hello)).start().await.unwrap();
    let mut text = String::new();
    let mut early = early;
    early.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "hello");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn sockets_pass_to_a_successor_without_a_gap() {
    let _alone = alone().await;
    let unix = path("pass");
    let serve = |word: &'static str| {
        let tcp = TcpServer::bind("127.0.0.1:0", move |mut client: TcpStream| async move {
            client.write_all(word.as_bytes()).await
        });
        let udp = UdpServer::bind("127.0.0.1:0", move |datagram: Datagram| async move {
            datagram.reply(word.as_bytes()).await
        });
        let unix = UnixServer::bind(&unix, move |mut client: UnixStream| async move {
            client.write_all(word.as_bytes()).await
        });
        Entrypoint::new("test").service(tcp).service(udp).service(unix).start()
    };
    let old = serve("old").await.unwrap();
    let (tcp, udp) = (old.address("tcp").unwrap(), old.address("udp").unwrap());
    let handover = hand_over().unwrap();
    for socket in handover.sockets() {
        let copy = socket.socket.as_fd().try_clone_to_owned().unwrap();
        adopt(Inherited::new(&socket.service, copy).address(socket.address.clone().unwrap()));
    }
    let new = serve("new").await.unwrap();
    assert_eq!((new.address("tcp"), new.address("udp")), (Some(tcp), Some(udp)));
    handover.commit();
    old.stop().await.unwrap();

    assert_eq!(read_all(tcp).await, "new");
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"?", udp).await.unwrap();
    let mut answer = [0; 3];
    client.recv(&mut answer).await.unwrap();
    assert_eq!(&answer, b"new");
    let mut text = String::new();
    UnixStream::connect(&unix).await.unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "new", "the old process took the path away");
    new.stop().await.unwrap();
    assert!(!unix.exists());
}

#[tokio::test]
async fn a_handover_that_is_not_committed_changes_nothing() {
    let _alone = alone().await;
    let unix = path("kept");
    let server = UnixServer::bind(&unix, |_: UnixStream| async {});
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    drop(hand_over().unwrap());
    running.stop().await.unwrap();
    assert!(!unix.exists());
}

#[tokio::test]
async fn an_inherited_unix_socket_is_found_by_its_path() {
    let _alone = alone().await;
    let place = path("systemd");
    adopt(Inherited::new("unknown", UnixListener::bind(&place).unwrap().into()));
    let server =
        UnixServer::bind(&place, |mut client: UnixStream| async move { client.write_all(b"hi").await });
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    let mut text = String::new();
    UnixStream::connect(&place).await.unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "hi");
    running.stop().await.unwrap();
}

/// The body of the next test, in a process that is given a socket as its standard input.
#[tokio::test]
#[ignore = "run by the next test"]
async fn with_a_socket_from_outside() {
    assert_eq!(adopt_environment().unwrap(), 1);
    assert_eq!(adopt_environment().unwrap(), 0, "taken twice");
    let server = TcpServer::bind("127.0.0.1:1", hello).name("api");
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    assert_eq!(read_all(running.address("api").unwrap()).await, "hello");
    running.stop().await.unwrap();
}

#[test]
fn systemds_sockets_are_found_by_the_names_they_come_with() {
    let mut command = child("with_a_socket_from_outside", "api");
    passes(command.env("LISTEN_FDS_FIRST_FD", "0").stdin(OwnedFd::from(socket().0)));
}

/// The body of the next test.
#[tokio::test]
#[ignore = "run by the next test"]
async fn with_a_file_from_outside() {
    let error = adopt_environment().unwrap_err().to_string();
    assert!(error.contains("`log` (number 0) is no socket to listen on"), "{error}");
}

#[test]
fn a_descriptor_that_is_no_socket_is_named() {
    let mut command = child("with_a_file_from_outside", "log");
    passes(command.env("LISTEN_FDS_FIRST_FD", "0").stdin(std::process::Stdio::null()));
}

/// The body of the next test, in a process that is given two sockets.
#[tokio::test]
#[ignore = "run by the next test"]
async fn with_sockets_that_are_not_for_children() {
    assert_eq!(adopt_environment().unwrap(), 2);
    let server = TcpServer::bind("127.0.0.1:1", hello).name("api");
    let running = Entrypoint::new("test").service(server).start().await.unwrap();
    // One is taken, one lies in the table, and there are copies for a successor.
    let _copies = hand_over().unwrap();
    let own = open_sockets("self");
    assert!(own.len() >= 3, "{own:?}");
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let passed = open_sockets(&child.id().to_string());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(passed.is_empty(), "{passed:?}");
    running.stop().await.unwrap();
}

/// The sockets that a process has open.
fn open_sockets(process: &str) -> Vec<PathBuf> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).collect()
}

#[test]
fn sockets_from_outside_are_not_passed_on_to_children() {
    let mapping = |child_fd| FdMapping { parent_fd: socket().0.into(), child_fd };
    let mut command = child("with_sockets_that_are_not_for_children", "api:spare");
    passes(command.fd_mappings(vec![mapping(3), mapping(4)]).unwrap());
}
