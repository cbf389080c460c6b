//! Servers and clients over sockets, and the one listener under those that accept connections.
//!
//! | | takes | |
//! |---|---|---|
//! | [`TcpServer`] | a [`Connection`] or a `TcpStream` | |
//! | [`TlsServer`] | a [`Connection`] | certificates loaded again while it runs; see [`tls`] |
//! | [`UnixServer`] | a [`Connection`] or a `UnixStream` | its path is cleaned before and after |
//! | [`UdpServer`] | a [`Datagram`] | bounded; what is lost is counted |
//! | [`TcpClient`], [`TlsClient`] | the same | connect again; see [`Reconnect`] |
//!
//! **One listener.** [`Listener`] has what all servers over connections share, set by [`Options`]: how
//! many are served at once and what becomes of the others, the pause when the system has no more file
//! descriptors, idle time-outs, TLS, the PROXY protocol, [`Counters`], and the drain. Other crates put
//! their protocols on it. A handler that takes a
//! [`Connection`] serves TCP, Unix and TLS alike; one that takes a bare socket of tokio is given just that.
//!
//! **Handshakes are the connection's own.** The PROXY header and the TLS handshake run in the task of
//! their connection, within a bound, so that a client that stalls holds up no other. [`peer`] tells in
//! that task, and in those it spawns, who the client is.
//!
//! **Sockets may come from elsewhere**: [`inherit`] holds those of systemd and of a process that this one
//! replaces.
//!
//! Where the system has no Unix sockets, as on Windows, a service over one fails to start, and no socket comes
//! from elsewhere.

mod address;
mod bind;
mod builders;
mod client;
mod connection;
mod counters;
mod datagram;
mod failure;
mod handling;
mod idle;
#[cfg(unix)]
pub mod inherit;
#[cfg(not(unix))]
#[path = "no_inherit.rs"]
pub(crate) mod inherit;
mod listener;
#[cfg_attr(not(target_os = "linux"), path = "no_losses.rs")]
mod losses;
mod options;
mod peer;
mod proxy;
mod report;
mod server;
mod serving;
mod socket;
mod stream;
pub mod tls;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod transfer;
mod udp;
#[cfg_attr(not(unix), path = "no_unix_path.rs")]
mod unix_path;
mod wire;

#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
#[cfg(not(unix))]
use unix_path::{UnixListener, UnixStream};

pub use address::Address;
pub use client::{Reconnect, TcpClient, TlsClient};
pub use connection::Connection;
pub use counters::{Counters, Counts};
pub use datagram::Datagram;
pub use failure::{Failure, Stage};
pub use listener::Listener;
pub use options::{Options, Overflow};
pub use peer::{Peer, peer};
pub use proxy::{Network, ParseNetworkError, ProxyProtocol};
pub use server::{TcpServer, TlsServer, UnixServer};
pub use stream::Stream;
pub use udp::UdpServer;
