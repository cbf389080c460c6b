use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::{App, HttpServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(20);

pub(crate) async fn bounded(check: impl Future<Output = ()>) {
    timeout(BOUND, check).await.expect("it does not hang");
}

pub(crate) async fn start(app: App) -> (Running, SocketAddr) {
    let server = HttpServer::bind("127.0.0.1:0", app).name("cats");
    let running = Entrypoint::new("test").service(server).start().await.expect("the server starts");
    let address = running.address("cats").expect("the server listens");
    (running, address)
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("the server accepts")
}

pub(crate) async fn ask(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
}

/// Reads until the text ends with `end`.
pub(crate) async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let byte = stream.read_u8().await.expect("the answer is whole");
        text.push(char::from(byte));
    }
    text
}
