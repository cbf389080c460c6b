//! A server of an app on a real socket, and a client that asks it.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::{App, HttpServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What no test needs, however busy the machine is.
const BOUND: Duration = Duration::from_secs(20);

pub(crate) async fn bounded<T>(check: impl Future<Output = T>) -> T {
    timeout(BOUND, check).await.expect("it does not hang")
}

pub(crate) struct Server {
    running: Running,
    pub(crate) address: SocketAddr,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Server {
    pub(crate) async fn start(app: App) -> Self {
        let server = HttpServer::bind("127.0.0.1:0", app).name("cats");
        let running = Entrypoint::new("test").service(server).start().await.expect("the server starts");
        let address = running.address("cats").expect("the server listens");
        Self { running, address }
    }

    /// Sends a request without a body and reads the answer.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Answer {
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).await
    }

    pub(crate) async fn get_from(&self, host: &str, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
    }

    /// Sends raw text that ends the connection and reads the answer.
    pub(crate) async fn send(&self, text: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("the server accepts");
        stream.write_all(text.as_bytes()).await.expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("the answer is whole");
        let (head, body) = answer.split_once("\r\n\r\n").expect("the answer has a head");
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("the answer has a status");
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) async fn stop(self) -> Result<(), mainspring_service::Error> {
        self.running.stop().await
    }
}
