//! Connections over an in-memory pipe, with the clock held.

mod answers;
mod bodies;
mod connections;
mod disconnects;
mod drains;
mod extractors;
mod files;
mod streams;
mod times;
mod upgrades;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use mainspring_task::{Task, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::clock::Clock;
use super::connection;
use super::drain::Drain;
use super::exchange::{Lifespan, Site};
use super::timeouts::Timeouts;
use crate::http1::Limits;
use crate::{App, Error, Json, Path, Query, Request, Response, State, StatusCode};

struct TokenDrain(CancellationToken, Pin<Box<WaitForCancellationFutureOwned>>);

impl Drain for TokenDrain {
    fn is_stopping(&self) -> bool {
        self.0.is_cancelled()
    }

    fn is_handover(&self) -> bool {
        false
    }

    fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_cancelled() { Poll::Ready(()) } else { self.1.as_mut().poll(cx) }
    }

    fn wait(self) -> impl Future<Output = ()> + Send + Sync + 'static {
        self.0.cancelled_owned()
    }
}

struct Peer {
    stream: DuplexStream,
    stop: CancellationToken,
    task: Task<io::Result<()>>,
}

impl Peer {
    /// Connects to a fresh server of the app.
    fn new(app: &App) -> Self {
        Self::with_room(app, 1024 * 1024)
    }

    /// The same, with a pipe that holds `room` bytes.
    fn with_room(app: &App, room: usize) -> Self {
        Self::with(app, room, Timeouts::default())
    }

    fn with(app: &App, room: usize, timeouts: Timeouts) -> Self {
        Self::of(app, room, timeouts, Lifespan::default())
    }

    fn with_lifespan(app: &App, lifespan: Lifespan) -> Self {
        Self::of(app, 1024 * 1024, Timeouts::default(), lifespan)
    }

    fn of(app: &App, room: usize, timeouts: Timeouts, lifespan: Lifespan) -> Self {
        let (clock, ticking) = Clock::new();
        spawn(ticking).detach();
        let routes = Arc::new(app.build().expect("the routes are valid"));
        let site = Site { routes, limits: Limits::default(), timeouts, clock, lifespan };
        let (stream, server) = duplex(room);
        let stop = CancellationToken::new();
        let drain = TokenDrain(stop.clone(), Box::pin(stop.clone().cancelled_owned()));
        let task = spawn(connection::serve(server, None, Arc::new(site), drain));
        Self { stream, stop, task }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    /// Everything until the server ends the connection.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.expect("the server ends in order");
        String::from_utf8(bytes).expect("the answer is text")
    }

    /// One answer, body included.
    async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.stream.read_u8().await.expect("the head is whole"));
        }
        let head = String::from_utf8(bytes).expect("the head is text");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("digits"))];
        self.stream.read_exact(&mut body).await.expect("the body is whole");
        head + &String::from_utf8(body).expect("the body is text")
    }

    async fn ended(self) -> io::Result<()> {
        drop(self.stream);
        self.task.await.expect("the connection's task neither panics nor is cancelled")
    }
}

/// One request on a connection of its own.
async fn ask(app: &App, request: &str) -> String {
    let mut peer = Peer::new(app);
    peer.send(request).await;
    peer.stream.shutdown().await.expect("the server reads");
    peer.rest().await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

fn cat() -> App {
    App::new()
        .get("/", || async { "Meow." })
        .get("/hello/{name}", |Path(name): Path<String>| async move { format!("Hello, {name}!") })
        .post("/echo", |body: bytes::Bytes| async move { body })
}
