//! TLS for servers and clients, by rustls with the ring provider.
//!
//! [`ServerTls`] and [`ClientTls`] are plain data: paths of PEM files and choices. They are read when the
//! service starts, so that what is wrong with them fails the start and is named. [`Reload`] reads a
//! server's files again while it runs: connections that are open stay as they are, new ones see the new
//! certificate, and files that cannot be used change nothing.

mod client;
mod encrypted;
mod files;
mod names;
mod reload;
mod server;
mod validity;
mod version;

pub use client::ClientTls;
pub use reload::Reload;
pub use server::ServerTls;
pub use version::Version;

pub(super) use client::Dialer;
pub(super) use encrypted::Encrypted;
pub(super) use server::Acceptor;
