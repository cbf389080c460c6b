//! A server and an orderly client.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response, StatusCode};
use mainspring_service::{Entrypoint, Running};
use mainspring_task::Task;
use mainspring_web::{App, HttpServer};
use tokio::net::TcpStream;

pub(crate) const BOUND: Duration = Duration::from_secs(20);

pub(crate) async fn start(app: App) -> (Running, SocketAddr) {
    serve(HttpServer::bind("127.0.0.1:0", app)).await
}

pub(crate) async fn serve(server: HttpServer) -> (Running, SocketAddr) {
    let running =
        Entrypoint::new("test").service(server.name("web")).start().await.expect("the server starts");
    let address = running.address("web").expect("the server listens");
    (running, address)
}

/// A connection, and the task that moves its frames.
pub(crate) struct Client {
    pub(crate) send: SendRequest<Bytes>,
    pub(crate) connection: Task<Result<(), h2::Error>>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        // Else a request may wait for the system's acknowledgement of what went before it.
        stream.set_nodelay(true).expect("the socket is open");
        let (send, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
        let connection = mainspring_task::spawn(connection);
        Self { send: send.ready().await.expect("it takes requests"), connection }
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn ask(&mut self, request: Request<Bytes>) -> Answer {
        let response = self.begin(request).await.expect("it answers");
        read(response).await.expect("the answer is whole")
    }

    pub(crate) async fn begin(
        &mut self,
        request: Request<Bytes>,
    ) -> Result<Response<h2::RecvStream>, h2::Error> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, ());
        let (response, mut stream) = self.send.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            stream.send_data(body, true)?;
        }
        response.await
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("it is text")
    }
}

pub(crate) async fn read(response: Response<h2::RecvStream>) -> Result<Answer, h2::Error> {
    let (parts, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        body.extend_from_slice(&piece);
    }
    let trailers = stream.trailers().await?;
    Ok(Answer { status: parts.status, headers: parts.headers, body, trailers })
}

pub(crate) fn get(path: &str) -> Request<Bytes> {
    Request::get(format!("http://cats.example{path}")).body(Bytes::new()).expect("it is valid")
}

pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(format!("http://cats.example{path}")).body(body.into()).expect("it is valid")
}
