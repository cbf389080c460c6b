//! The extractor that opens a websocket.

use std::future::Future;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::oneshot;

use super::close::{CloseCode, Closed};
use super::connection::{Connection, Patience};
use super::handshake::{accept, values};
use super::negotiation::{Agreement, Compression};
use super::protocol::Protocol;
use super::socket::WebSocket;
use crate::error::Error;
use crate::payload::Upgraded;
use crate::request::{FromRequestParts, Request};
use crate::response::Response;

/// A request that opens a websocket; as an extractor it refuses every other.
///
/// | setting | default |
/// |---|---|
/// | [`max_message`](Self::max_message) | 4 MiB |
/// | [`compression`](Self::compression) | [`Compression::PerMessage`] |
/// | [`heartbeat`](Self::heartbeat) | a ping after 30 s of silence, the end after 15 s more |
/// | [`close_timeout`](Self::close_timeout) | 10 s |
/// | [`write_timeout`](Self::write_timeout) | 30 s |
/// | [`origins`](Self::origins) | the server's own |
///
/// Browsers let every page open a websocket to every server, with the user's cookies. So a request whose
/// `origin` is not the host that it asks is refused with 403, unless [`origins`](Self::origins) or
/// [`any_origin`](Self::any_origin) allow it. Programs that are no browsers send no origin and are let in.
///
/// # Errors
///
/// 426 when the request opens no websocket of version 13, 400 when its key is malformed.
///
/// # Examples
///
/// ```
/// use mainspring_web::ws::{WebSocket, WebSocketUpgrade};
/// use mainspring_web::{App, Error, Response};
///
/// async fn clock(upgrade: WebSocketUpgrade) -> Result<Response, Error> {
///     upgrade.protocols(["clock.v1"]).max_message(1024).on_upgrade(async |mut socket: WebSocket| {
///         socket.send(format!("you speak {:?}", socket.protocol())).await?;
///         Ok(())
///     })
/// }
///
/// assert!(App::new().get("/clock", clock).build().is_ok());
/// ```
#[derive(Debug)]
pub struct WebSocketUpgrade {
    accept: String,
    /// Subprotocols and extensions that the client offers, and the page it comes from.
    offered: Vec<String>,
    extensions: Vec<String>,
    origin: Option<String>,
    allowed: bool,
    protocol: Option<String>,
    compression: Compression,
    max_message: usize,
    patience: Patience,
}

impl FromRequestParts for WebSocketUpgrade {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let accept = accept(request)?;
        let offered = values(request, "sec-websocket-protocol").flat_map(|value| value.split(','));
        Ok(Self {
            accept,
            offered: offered.map(|name| name.trim().to_owned()).collect(),
            extensions: values(request, "sec-websocket-extensions").map(ToOwned::to_owned).collect(),
            origin: request.header("origin").map(ToOwned::to_owned),
            allowed: request.is_same_origin(),
            protocol: None,
            compression: Compression::default(),
            max_message: 4 * 1024 * 1024,
            patience: Patience::default(),
        })
    }
}

impl WebSocketUpgrade {
    /// The subprotocols that this side speaks; the first one that the client offers too is chosen.
    ///
    /// When there is none, the connection goes on without one.
    #[must_use]
    pub fn protocols<T: AsRef<str>>(mut self, known: impl IntoIterator<Item = T>) -> Self {
        let known: Vec<T> = known.into_iter().collect();
        let mut offered = self.offered.iter();
        self.protocol =
            offered.find(|name| known.iter().any(|known| known.as_ref() == name.as_str())).cloned();
        self
    }

    /// Bytes that a message may have, after it was inflated; a larger one ends the connection (1009).
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    /// Whether and how messages are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// After how much silence the peer is pinged; half as long again without a sign of life ends the connection.
    /// `None` waits for ever.
    #[must_use]
    pub fn heartbeat(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.patience.heartbeat = silence.into();
        self
    }

    /// How long the peer may take to answer a close.
    #[must_use]
    pub fn close_timeout(mut self, patience: Duration) -> Self {
        self.patience.close = patience;
        self
    }

    /// How long the peer may take none of what is sent.
    #[must_use]
    pub fn write_timeout(mut self, patience: Duration) -> Self {
        self.patience.write = patience;
        self
    }

    /// Origins (`https://cats.example`) whose pages may open it, beside the server's own.
    #[must_use]
    pub fn origins<T: AsRef<str>>(mut self, origins: impl IntoIterator<Item = T>) -> Self {
        let origin = self.origin.as_deref();
        self.allowed |= origins
            .into_iter()
            .any(|allowed| origin.is_some_and(|origin| origin.eq_ignore_ascii_case(allowed.as_ref())));
        self
    }

    /// Lets every page open it: for what needs no login and does no harm.
    #[must_use]
    pub fn any_origin(mut self) -> Self {
        self.allowed = true;
        self
    }

    /// The answer that opens it; `speak` then has the connection.
    ///
    /// It runs as a part of the connection's task. When it returns, or drops the socket, the connection is
    /// closed: with 1000, or with 1011 when it gives an error, which goes to the log unless it only says that
    /// the peer is gone ([`Closed`]).
    ///
    /// # Errors
    ///
    /// 403 when the page of another origin asks.
    pub fn on_upgrade<F, Fut>(self, speak: F) -> Result<Response, Error>
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Error>> + Send + 'static,
    {
        if !self.allowed {
            let origin = self.origin.unwrap_or_default();
            let message = format!("pages of {origin} may not open this websocket");
            return Err(Error::new(StatusCode::FORBIDDEN, message));
        }
        let agreed = Agreement::find(self.compression, self.extensions.iter().map(String::as_str));
        let protocol = Protocol::new(self.max_message, agreed);
        let (name, patience) = (self.protocol.clone(), self.patience);
        let mut response = Response::upgrade("websocket", async move |upgraded: Upgraded| {
            converse(Connection::new(upgraded, protocol, patience), name, speak).await;
        })?;
        response.insert("sec-websocket-accept", &self.accept)?;
        if let Some(name) = &self.protocol {
            response.insert("sec-websocket-protocol", name)?;
        }
        if let Some(agreed) = agreed {
            response.insert("sec-websocket-extensions", agreed.header())?;
        }
        Ok(response)
    }
}

/// Lets the handler speak, then ends the connection in order.
async fn converse<F, Fut>(connection: Connection, protocol: Option<String>, speak: F)
where
    F: FnOnce(WebSocket) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Error>> + Send + 'static,
{
    let (home, returned) = oneshot::channel();
    let outcome = speak(WebSocket::new(connection, protocol, home)).await;
    let (code, reason) = match &outcome {
        Ok(()) => (CloseCode::NORMAL, ""),
        Err(error) if error.source_as::<Closed>().is_some() => (CloseCode::NORMAL, ""),
        Err(error) => {
            tracing::error!(%error, "the websocket's handler failed");
            (CloseCode::ERROR, "the server failed")
        }
    };
    // The handler may have moved the socket to another task: this waits until it is dropped there.
    if let Ok(mut connection) = returned.await {
        connection.end(code, reason).await;
    }
}
