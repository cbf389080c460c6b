//! Listeners and clients over real sockets: TLS, Unix, limits, PROXY headers, reconnecting.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod limits;
mod proxy;
mod support;
mod tls;
mod unix;
