//! Servers over sockets, and the one listener under those that accept connections.

mod address;
mod listener;
mod options;
mod tcp;
mod udp;

pub use listener::Listener;
pub use options::Options;
pub use tcp::TcpServer;
pub use udp::{Datagram, UdpServer};
