//! Clients that stay connected.
//!
//! A client service connects, runs its handler with the connection, and connects again when the handler
//! has ended: after an error, and after an orderly end too, for a server that closes at once must not be
//! met by a storm. Before each new attempt it pauses for a random time up to a bound, which doubles from
//! attempt to attempt ("full jitter") and falls back once a connection has held for a while.

mod line;
mod reconnect;
mod tcp;
mod tls;

pub use reconnect::Reconnect;
pub use tcp::TcpClient;
pub use tls::TlsClient;
