//! The client's address as an extractor.

use std::net::SocketAddr;

use http::StatusCode;

use super::extract::{FromRequestParts, OptionalFromRequestParts};
use super::request::Request;
use crate::error::Error;

/// The address of the client, or of the proxy in front.
///
/// # Errors
///
/// 500 when the connection has none (an in-memory one). Take an `Option<PeerAddr>` to decide yourself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

impl FromRequestParts for PeerAddr {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        request.peer().map(Self).ok_or_else(|| {
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, "the connection has no peer address")
        })
    }
}

impl OptionalFromRequestParts for PeerAddr {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        Ok(request.peer().map(Self))
    }
}
