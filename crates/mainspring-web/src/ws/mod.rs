//! Websockets (RFC 6455), with compression of messages (RFC 7692).
//!
//! A handler takes a [`WebSocketUpgrade`], says what it wants of the connection and gives back the answer of
//! [`on_upgrade`](WebSocketUpgrade::on_upgrade). What speaks on the connection gets a [`WebSocket`]: it
//! receives and sends [`Message`]s. Pings are answered, silent peers are found by a heartbeat, and when the
//! server stops the peer is told (1001).
//!
//! The protocol itself (`protocol`) is a state machine over bytes, without socket and clock.
//!
//! # Examples
//!
//! ```
//! use mainspring_web::ws::{WebSocket, WebSocketUpgrade};
//! use mainspring_web::{App, Error, Response};
//!
//! async fn echo(upgrade: WebSocketUpgrade) -> Result<Response, Error> {
//!     upgrade.on_upgrade(async |mut socket: WebSocket| {
//!         while let Some(message) = socket.receive().await {
//!             socket.send(message).await?;
//!         }
//!         Ok(())
//!     })
//! }
//!
//! assert!(App::new().get("/echo", echo).build().is_ok());
//! ```

mod close;
mod connection;
mod deflate;
mod frame;
mod handshake;
mod message;
mod negotiation;
mod partial;
mod protocol;
mod socket;
mod upgrade;
mod violation;

pub use close::{Close, CloseCode, Closed};
pub use message::{Message, Utf8Bytes};
pub use negotiation::Compression;
pub use socket::WebSocket;
pub use upgrade::WebSocketUpgrade;
