use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, ProxyProtocol};

/// How a server treats its connections, or its datagrams.
///
/// What does not fit a server has no meaning to it: a Unix socket has no port to share, and a
/// [`UdpServer`](super::UdpServer), which says what fits it, has no idle connections.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::net::{Options, Overflow};
///
/// let options = Options::new().connections(1_000).overflow(Overflow::Refuse).idle(Duration::from_secs(60));
/// assert_eq!(options.backlog, 1024);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Connections the kernel holds that have not been accepted. Default: 1024.
    pub backlog: u32,
    /// Connections served at once. Default: 65,536.
    pub connections: usize,
    /// What becomes of further ones. Default: they wait in the backlog.
    pub overflow: Overflow,
    /// Small writes are sent at once (`TCP_NODELAY`). Default: true.
    pub nodelay: bool,
    /// Silence on a connection after which the kernel asks whether the peer is still there
    /// (`SO_KEEPALIVE`); from a second to 32,767. Default: never.
    pub keep_alive: Option<Duration>,
    /// Several sockets may share the port (`SO_REUSEPORT`). Default: false.
    pub reuse_port: bool,
    /// An IPv6 socket takes no IPv4 connections (`IPV6_V6ONLY`). Default: false, whatever the system's own.
    pub v6_only: bool,
    /// Bytes the kernel holds of each connection that have not been read, or of all datagrams that have not
    /// been taken (`SO_RCVBUF`); it takes the double for what it needs itself, and has an upper bound of its
    /// own (`net.core.rmem_max`). Default: the system's.
    pub receive_buffer: Option<usize>,
    /// Bytes the kernel holds of each connection that have not been sent (`SO_SNDBUF`). Default: the system's.
    pub send_buffer: Option<usize>,
    /// The permissions of a Unix socket's path, such as `0o660`. Default: what the process's umask leaves.
    pub mode: Option<u32>,
    /// How long a handler may wait for its peer while nothing moves, before the wait fails with `TimedOut`.
    /// Default: for ever.
    /// Needs a handler that takes a [`Connection`](super::Connection).
    pub idle: Option<Duration>,
    /// Which peers tell, by the PROXY protocol, for whom they connect. Default: none.
    pub proxy_protocol: Option<ProxyProtocol>,
    /// Called with each connection that fails, be it by an error or a panic. Default: nothing but the log.
    pub(super) on_failure: Option<Hook>,
    /// The place shown as the one that spawned the connections' tasks: where the server was made.
    pub place: &'static Location<'static>,
}

/// What becomes of a connection when as many are served as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It waits in the backlog; the kernel refuses what the backlog cannot hold.
    Wait,
    /// It is accepted and closed at once, and counted as refused. A datagram is thrown away.
    Refuse,
}

#[derive(Clone)]
pub(super) struct Hook(Arc<dyn Fn(&Failure<'_>) + Send + Sync>);

impl Hook {
    pub(super) fn call(&self, failure: &Failure<'_>) {
        (self.0)(failure);
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl Options {
    /// The defaults, with the caller's place.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Options {
            backlog: 1024,
            connections: 65_536,
            overflow: Overflow::Wait,
            nodelay: true,
            keep_alive: None,
            reuse_port: false,
            v6_only: false,
            receive_buffer: None,
            send_buffer: None,
            mode: None,
            idle: None,
            proxy_protocol: None,
            on_failure: None,
            place: Location::caller(),
        }
    }

    /// Sets [`backlog`](Options::backlog).
    #[must_use]
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.backlog = backlog;
        self
    }

    /// Sets [`connections`](Options::connections); at least one.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Sets [`overflow`](Options::overflow).
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets [`nodelay`](Options::nodelay).
    #[must_use]
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }

    /// Sets [`keep_alive`](Options::keep_alive).
    #[must_use]
    pub fn keep_alive(mut self, after: Duration) -> Self {
        self.keep_alive = Some(after);
        self
    }

    /// Sets [`reuse_port`](Options::reuse_port).
    #[must_use]
    pub fn reuse_port(mut self, reuse_port: bool) -> Self {
        self.reuse_port = reuse_port;
        self
    }

    /// Sets [`v6_only`](Options::v6_only).
    #[must_use]
    pub fn v6_only(mut self, v6_only: bool) -> Self {
        self.v6_only = v6_only;
        self
    }

    /// Sets [`receive_buffer`](Options::receive_buffer).
    #[must_use]
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// Sets [`send_buffer`](Options::send_buffer).
    #[must_use]
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// Sets [`mode`](Options::mode).
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets [`idle`](Options::idle).
    #[must_use]
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = Some(limit);
        self
    }

    /// Sets [`proxy_protocol`](Options::proxy_protocol).
    #[must_use]
    pub fn proxy_protocol(mut self, proxy_protocol: ProxyProtocol) -> Self {
        self.proxy_protocol = Some(proxy_protocol);
        self
    }

    /// Calls a function with each connection that fails, in the connection's task. A handler that panics
    /// fails too; the error has what it said.
    #[must_use]
    pub fn on_failure(mut self, hook: impl Fn(&Failure<'_>) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Hook(Arc::new(hook)));
        self
    }
}
