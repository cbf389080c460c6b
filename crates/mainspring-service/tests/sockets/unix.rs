use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use mainspring_service::net::{Address, Options, TcpServer, UnixServer};
use mainspring_service::{Entrypoint, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::support::{Folder, echo, exists, start, start_error};

async fn hello(mut client: UnixStream) -> std::io::Result<()> {
    client.write_all(b"hello").await
}

async fn read_all(path: &std::path::Path) -> String {
    let mut text = String::new();
    UnixStream::connect(path).await.unwrap().read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_unix_server_answers_and_removes_its_path() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let running = start(UnixServer::bind(&path, hello)).await;
    assert_eq!(read_all(&path).await, "hello");
    running.stop().await.unwrap();
    assert!(!exists(&path));
}

#[tokio::test]
async fn the_path_is_known_to_who_runs_the_server() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let running = start(UnixServer::bind(&path, hello)).await;
    assert_eq!(running.path("unix"), Some(path.clone()));
    assert_eq!(running.address("unix"), None);
    assert_eq!(running.addresses("unix"), [Address::Unix(path.clone())]);
    let listed = running.overview().list().remove(0).addresses;
    assert_eq!(listed[0].to_string(), format!("unix:{}", path.display()));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_stale_socket_is_replaced() {
    let folder = Folder::new();
    let path = folder.file("socket");
    // Dropped without its path being removed, as when a process is killed.
    drop(UnixListener::bind(&path).unwrap());
    assert!(exists(&path));
    let running = start(UnixServer::bind(&path, hello)).await;
    assert_eq!(read_all(&path).await, "hello");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_live_servers_socket_is_not_stolen() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let first = start(UnixServer::bind(&path, hello)).await;
    let error = start_error(UnixServer::bind(&path, hello)).await;
    assert!(error.contains("socket: another server listens there"), "{error}");
    assert_eq!(read_all(&path).await, "hello");
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_live_server_that_does_not_accept_is_not_waited_for() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let busy = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    busy.bind(&address).unwrap();
    busy.listen(0).unwrap();
    let _waiting = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let error = start_error(UnixServer::bind(&path, hello)).await;
    assert!(error.contains("another server listens there"), "{error}");
}

#[tokio::test]
async fn of_many_servers_that_find_a_stale_socket_one_gets_it() {
    let folder = Folder::new();
    let path = folder.file("socket");
    drop(UnixListener::bind(&path).unwrap());
    let entry = || Entrypoint::new("test").service(UnixServer::bind(&path, hello)).start();
    let (a, b, c) = tokio::join!(entry(), entry(), entry());
    let running: Vec<_> = [a, b, c].into_iter().flatten().collect();
    assert_eq!(running.len(), 1);
    assert_eq!(read_all(&path).await, "hello");
    for running in running {
        running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_socket_stays() {
    let folder = Folder::new();
    let path = folder.write("socket", "precious");
    let error = start_error(UnixServer::bind(&path, hello)).await;
    assert!(error.contains("there is something else than a socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

/// Row 73 of the conformance list: `test_unix_server_cleanup_replaced`.
#[tokio::test]
async fn a_path_replaced_by_another_process_is_left() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let running = start(UnixServer::bind(&path, hello)).await;
    std::fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    running.stop().await.unwrap();
    assert!(exists(&path));
}

/// Row 73 of the conformance list: `test_unix_server_cleanup_gone`.
#[tokio::test]
async fn a_path_removed_by_another_process_is_no_error() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let running = start(UnixServer::bind(&path, hello)).await;
    std::fs::remove_file(&path).unwrap();
    running.stop().await.unwrap();
}

#[tokio::test]
async fn the_permissions_are_as_asked() {
    let folder = Folder::new();
    let path = folder.file("socket");
    for mode in [0o600, 0o666] {
        let running = start(UnixServer::bind(&path, hello).options(Options::new().mode(mode))).await;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        running.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_path_that_is_too_long_or_has_no_folder_is_named() {
    let folder = Folder::new();
    for path in [folder.file(&"x".repeat(200)), folder.file("none/socket")] {
        let error = start_error(UnixServer::bind(&path, hello)).await;
        assert!(error.contains(&format!("cannot listen on {}: ", path.display())), "{error}");
    }
}

#[tokio::test]
async fn a_unix_address_serves_any_handler_of_connections() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let running = start(TcpServer::bind(format!("unix:{}", path.display()), echo)).await;
    let mut client = UnixStream::connect(&path).await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
    drop(client);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_handler_of_tcp_streams_cannot_serve_a_unix_socket() {
    let folder = Folder::new();
    let address = format!("unix:{}", folder.file("socket").display());
    let error = start_error(TcpServer::bind(address, |_: TcpStream| async {})).await;
    assert!(error.contains("takes a TcpStream, which this service does not give"), "{error}");
    assert!(!exists(&folder.file("socket")));
}

#[tokio::test]
async fn a_folder_that_somebody_has_locked_does_not_hold_up_the_start() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let locked = std::fs::File::open(path.parent().unwrap()).unwrap();
    locked.lock().unwrap();
    let running = start(UnixServer::bind(&path, hello)).await;
    assert_eq!(read_all(&path).await, "hello");
    running.stop().await.unwrap();
}

#[test]
fn unix_connections_are_spread_over_a_runtime_per_core() {
    let folder = Folder::new();
    let path = folder.file("socket");
    let server = UnixServer::bind(&path, hello);
    let entrypoint = Entrypoint::new("test").runtime(Runtime::PerCore).workers(2).service(server);
    let text = entrypoint.run_until(async move { read_all(&path).await }).unwrap();
    assert_eq!(text, "hello");
}
