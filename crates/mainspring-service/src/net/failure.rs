use std::fmt;

use super::Peer;
use crate::BoxError;

/// One connection that failed, as [`Options::on_failure`](super::Options::on_failure) is told of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure<'a> {
    /// The service whose connection it was.
    pub service: &'a str,
    /// Who it was with.
    pub peer: &'a Peer,
    /// How far it had come.
    pub stage: Stage,
    /// What went wrong.
    pub error: &'a BoxError,
}

/// How far a connection had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The system did not hand the socket over.
    Accept,
    /// The header of the PROXY protocol.
    ProxyHeader,
    /// The TLS handshake.
    Handshake,
    /// The handler.
    Handler,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Accept => "accept",
            Stage::ProxyHeader => "PROXY header",
            Stage::Handshake => "TLS handshake",
            Stage::Handler => "handler",
        })
    }
}
