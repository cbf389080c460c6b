//! Servers and clients over real sockets: TLS, also with programs that are not ours, Unix, UDP, limits and other
//! options, PROXY headers, reconnecting.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod foreign;
mod limits;
mod options;
mod proxy;
mod server_names;
mod support;
mod tls;
mod transfer;
mod udp;
mod unix;
