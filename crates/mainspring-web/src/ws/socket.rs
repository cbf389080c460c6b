//! The connection as handlers see it.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_sink::Sink;
use tokio::sync::oneshot;

use super::close::{Close, CloseCode, Closed};
use super::connection::Connection;
use super::message::Message;

/// An open websocket.
///
/// [`receive`](Self::receive) gives messages until the connection is closed, from whichever side;
/// [`closed`](Self::closed) then says why. It also answers pings, keeps the heartbeat and notices that the server
/// stops: a handler that only sends should call it too, in a `select!`. It is a `Stream` and a `Sink` of
/// messages as well.
///
/// A socket that is dropped is closed in order (1000).
///
/// # Examples
///
/// ```
/// use mainspring_web::ws::WebSocket;
/// use mainspring_web::Error;
///
/// async fn count(mut socket: WebSocket) -> Result<(), Error> {
///     let mut messages = 0;
///     while let Some(message) = socket.receive().await {
///         messages += 1;
///         socket.send(format!("{messages}: {} bytes", message.as_bytes().len())).await?;
///     }
///     tracing::info!(messages, why = ?socket.closed(), "the chat is over");
///     Ok(())
/// }
/// ```
pub struct WebSocket {
    /// There until it is dropped.
    connection: Option<Box<Connection>>,
    protocol: Option<String>,
    /// Who ends the connection in order when the socket is dropped.
    home: Option<oneshot::Sender<Box<Connection>>>,
}

impl WebSocket {
    pub(super) fn new(
        connection: Connection,
        protocol: Option<String>,
        home: oneshot::Sender<Box<Connection>>,
    ) -> Self {
        Self { connection: Some(Box::new(connection)), protocol, home: Some(home) }
    }

    /// The subprotocol that was agreed on.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Why the connection is closed, once it is.
    pub fn closed(&self) -> Option<&Close> {
        self.connection.as_ref()?.closed()
    }

    /// Waits for the next message; `None` when the connection is closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no message is lost.
    pub async fn receive(&mut self) -> Option<Message> {
        poll_fn(|cx| self.inner().poll_receive(cx)).await
    }

    /// Sends a message; returns when the system has taken it.
    ///
    /// # Errors
    ///
    /// When the connection is closed or closing; the server's stop closes it too.
    ///
    /// # Cancel safety
    ///
    /// A message whose sending is given up goes out with the next one, or at the next [`receive`](Self::receive).
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Closed> {
        let message = message.into();
        let connection = self.inner();
        let mut sent = false;
        poll_fn(|cx| {
            connection.notice_stop(cx);
            if !std::mem::replace(&mut sent, true) {
                connection.start_send(&message)?;
            }
            connection.poll_sent(cx)
        })
        .await
    }

    /// Pings the peer; its answer counts as a sign of life. The heartbeat does it unasked.
    ///
    /// # Errors
    ///
    /// When the connection is closed or closing.
    pub async fn ping(&mut self) -> Result<(), Closed> {
        let connection = self.inner();
        connection.start_ping()?;
        poll_fn(|cx| connection.poll_sent(cx)).await
    }

    /// Says farewell and waits until the peer has answered, at most the close time-out; drops what still comes.
    ///
    /// # Cancel safety
    ///
    /// The farewell is said; the waiting may be given up.
    pub async fn close(&mut self, code: CloseCode, reason: &str) {
        let connection = self.inner();
        connection.begin_close(code, reason);
        while poll_fn(|cx| connection.poll_receive(cx)).await.is_some() {}
    }

    fn inner(&mut self) -> &mut Connection {
        const THERE: &str = "the connection is taken out only when the socket is dropped";
        self.connection.as_mut().expect(THERE)
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        if let (Some(connection), Some(home)) = (self.connection.take(), self.home.take()) {
            // Nobody is at home when the server has dropped the connection's task.
            let _unwanted = home.send(connection);
        }
    }
}

impl Stream for WebSocket {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.inner().poll_receive(cx)
    }
}

impl Sink<Message> for WebSocket {
    type Error = Closed;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let connection = self.inner();
        connection.notice_stop(cx);
        if connection.is_full() { connection.poll_sent(cx) } else { Poll::Ready(Ok(())) }
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Closed> {
        self.inner().start_send(&message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        self.inner().poll_sent(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let connection = self.inner();
        connection.begin_close(CloseCode::NORMAL, "");
        while ready!(connection.poll_receive(cx)).is_some() {}
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("protocol", &self.protocol)
            .field("closed", &self.closed())
            .finish_non_exhaustive()
    }
}
