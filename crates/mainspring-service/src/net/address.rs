use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::BoxError;

/// Resolves an address and binds a socket to the first of its meanings that is free.
///
/// The error names the address as it was given.
pub(super) async fn bind(address: &str, kind: Type) -> Result<Socket, BoxError> {
    let refuse = |error: &dyn std::fmt::Display| format!("cannot listen on {address}: {error}");
    let found = tokio::net::lookup_host(address).await.map_err(|error| refuse(&error))?;
    let mut last = None;
    for candidate in found {
        match bind_one(candidate, kind) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = Some(error),
        }
    }
    let last = last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    Err(refuse(&last).into())
}

fn bind_one(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if kind == Type::STREAM {
        // A restarted server must not wait for the old connections' TIME_WAIT.
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
