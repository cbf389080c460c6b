//! The servers over connections. They differ in how they listen; the [`Listener`](super::Listener) does
//! the rest.

mod tcp;
mod tls;
mod unix;

pub use tcp::TcpServer;
pub use tls::TlsServer;
pub use unix::UnixServer;
