//! An app on a real socket, and a client that shows answers as they are.

use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::{App, HttpServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No test takes longer.
const BOUND: Duration = Duration::from_secs(60);

/// A running app.
pub(crate) struct Site {
    running: Running,
    pub(crate) address: SocketAddr,
}

/// One answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Site {
    pub(crate) async fn start(app: App) -> Self {
        Self::serve(HttpServer::bind("127.0.0.1:0", app).name("site")).await
    }

    pub(crate) async fn serve(server: HttpServer) -> Self {
        let running = Entrypoint::new("test").service(server.name("site")).start().await.expect("it starts");
        let address = running.address("site").expect("it listens");
        Self { running, address }
    }

    /// Stops the server; within less than what is given to work that does not end.
    pub(crate) async fn stop(self) {
        let stopped = timeout(Duration::from_secs(5), self.running.stop()).await;
        stopped.expect("nothing holds it up").expect("it stops in order");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, b"").await
    }

    /// Sends one request on a connection of its own and reads the answer.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let exchange = async {
            let mut stream = self.send(method, path, headers, body).await;
            Answer::read(&mut stream, method == "HEAD").await
        };
        timeout(BOUND, exchange).await.expect("the answer comes in time")
    }

    /// Sends one request; the answer is still to be read.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("it accepts");
        let mut request = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request.push_str("host: cats.example\r\n");
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let bytes = [request.as_bytes(), body].concat();
        // A server that refuses a body may close before it has all of it.
        let _refused = stream.write_all(&bytes).await;
        stream
    }
}

impl Answer {
    pub(crate) async fn read(stream: &mut TcpStream, head_only: bool) -> Self {
        let head = Self::read_head(stream).await;
        let mut answer = Self { status: status(&head), head, body: Vec::new() };
        if head_only || [204, 304].contains(&answer.status) {
            return answer;
        }
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().expect("a length is a number")];
            stream.read_exact(&mut answer.body).await.expect("the body is whole");
        } else if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = read_chunk(stream).await {
                answer.body.extend(chunk);
            }
        } else {
            stream.read_to_end(&mut answer.body).await.expect("it ends");
        }
        answer
    }

    async fn read_head(stream: &mut TcpStream) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the head is whole"));
        }
        String::from_utf8(head).expect("the head is text")
    }

    /// Reads only the head of an answer.
    pub(crate) async fn head(stream: &mut TcpStream) -> Self {
        let head = timeout(BOUND, Self::read_head(stream)).await.expect("the head comes in time");
        Self { status: status(&head), head, body: Vec::new() }
    }

    /// All values of a header, joined by commas; `None` when there is none.
    pub(crate) fn all(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let values: Vec<_> =
            lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect();
        if values.is_empty() { None } else { Some(values.join(", ")) }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

/// The next chunk of a chunked body; `None` at its end.
pub(crate) async fn read_chunk(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.expect("the chunk is whole"));
    }
    let length = std::str::from_utf8(line.trim_ascii()).expect("a length is text");
    let length = usize::from_str_radix(length, 16).expect("a length is hexadecimal");
    let mut chunk = vec![0; length + 2];
    stream.read_exact(&mut chunk).await.expect("the chunk is whole");
    chunk.truncate(length);
    if length == 0 { None } else { Some(chunk) }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status")
}
