//! Where no socket is taken over from another process: the same names, and nothing behind them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use socket2::{Socket, Type};

use crate::Result;

/// Adopts nothing: there is nobody who would pass a socket.
pub(crate) fn adopt_environment() -> Result<usize> {
    Ok(0)
}

/// A socket that this process listens on.
#[derive(Debug)]
pub(in crate::net) struct Held;

impl Held {
    pub(in crate::net) fn new<S>(_: &str, _: &str, _: Arc<S>) -> Arc<Self> {
        Arc::new(Held)
    }

    pub(in crate::net) fn is_handed_over(&self) -> bool {
        false
    }
}

/// What a service looks for.
#[expect(dead_code, reason = "nobody looks")]
pub(in crate::net) struct Wanted<'a> {
    pub(in crate::net) service: &'a str,
    pub(in crate::net) address: &'a str,
    pub(in crate::net) kind: Type,
    pub(in crate::net) bound: Bound<'a>,
}

/// What the address means.
#[expect(dead_code, reason = "nobody looks")]
pub(in crate::net) enum Bound<'a> {
    Ip(&'a [SocketAddr]),
    Path(&'a Path),
}

/// Takes nothing, as there is nothing.
pub(in crate::net) fn take(_: &Wanted<'_>) -> Option<Socket> {
    None
}
