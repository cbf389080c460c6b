use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::Options;
use super::inherit::{Bound, Wanted, take};
use crate::BoxError;

/// Finds the socket that was inherited for a service, or binds one to the first meaning of the address
/// that is free.
///
/// The error names the address as it was given.
pub(super) async fn bind(
    service: &str,
    address: &str,
    kind: Type,
    options: &Options,
) -> Result<Socket, BoxError> {
    let refuse = |error: &dyn std::fmt::Display| format!("cannot listen on {address}: {error}");
    let found = tokio::net::lookup_host(address).await.map_err(|error| refuse(&error))?;
    let found: Vec<_> = found.collect();
    if let Some(socket) = take(&Wanted { service, address, kind, bound: Bound::Ip(&found) }) {
        socket
            .set_nonblocking(true)
            .and_then(|()| prepare(&socket, kind, options))
            .map_err(|e| refuse(&e))?;
        return Ok(socket);
    }
    let mut last = None;
    for candidate in found {
        match bind_one(candidate, kind, options) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = Some(error),
        }
    }
    let last = last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    Err(refuse(&last).into())
}

fn bind_one(address: SocketAddr, kind: Type, options: &Options) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if kind == Type::STREAM {
        // A restarted server must not wait for the old connections' TIME_WAIT. On Windows none waits, and the
        // option would let another process take the address.
        socket.set_reuse_address(cfg!(not(windows)))?;
    }
    #[cfg(unix)]
    socket.set_reuse_port(options.reuse_port)?;
    if address.is_ipv6() {
        // Said either way: the system's default is the administrator's to change.
        socket.set_only_v6(options.v6_only)?;
    }
    socket.set_nonblocking(true)?;
    prepare(&socket, kind, options)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Sets what each connection inherits from the socket that accepts it, which spares a call for each.
fn prepare(socket: &Socket, kind: Type, options: &Options) -> io::Result<()> {
    buffers(socket, options)?;
    if kind == Type::STREAM {
        socket.set_tcp_nodelay(options.nodelay)?;
        if let Some(after) = options.keep_alive {
            socket.set_tcp_keepalive(&keep_alive(after))?;
        }
    }
    Ok(())
}

/// Before a socket listens: what a TCP connection can take is said in its handshake.
pub(super) fn buffers(socket: &Socket, options: &Options) -> io::Result<()> {
    options.receive_buffer.map_or(Ok(()), |size| socket.set_recv_buffer_size(size))?;
    options.send_buffer.map_or(Ok(()), |size| socket.set_send_buffer_size(size))
}

/// The longest silence that the kernel takes (`MAX_TCP_KEEPIDLE` of Linux), about nine hours.
const LONGEST_SILENCE: Duration = Duration::from_secs(32_767);

/// Asks after so much silence, and gives up after about half as much again.
pub(super) fn keep_alive(after: Duration) -> TcpKeepalive {
    let after = after.clamp(Duration::from_secs(1), LONGEST_SILENCE);
    let between = (after / 6).max(Duration::from_secs(1));
    TcpKeepalive::new().with_time(after).with_interval(between).with_retries(3)
}
