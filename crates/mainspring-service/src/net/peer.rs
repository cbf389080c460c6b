use std::fmt;
use std::net::SocketAddr;

mainspring_task::context_var! {
    /// Who the connection of this task, or of the task that spawned it, is with.
    static PEER: Peer;
}

/// Who is at the other end of a connection.
///
/// Shown as its address, or as `local` when it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The client's address; behind a trusted proxy, the one that the proxy told. `None` over a Unix
    /// socket, unless a proxy told one.
    pub address: Option<SocketAddr>,
    /// The address that the client connected to, when a proxy told it.
    pub destination: Option<SocketAddr>,
    /// A proxy spoke for the client.
    pub proxied: bool,
    /// The address of that proxy; `None` over a Unix socket.
    pub proxy: Option<SocketAddr>,
}

impl Peer {
    pub(super) fn of(address: Option<SocketAddr>) -> Self {
        Peer { address, ..Peer::default() }
    }

    /// Makes it the peer that [`peer`] tells of in this task.
    pub(super) fn enter(&self) {
        PEER.set(self.clone());
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => address.fmt(f),
            None => f.write_str("local"),
        }
    }
}

/// The peer of the connection that this task serves; `None` in a task that serves none.
///
/// Tasks spawned by a connection's handler inherit it. Behind a trusted proxy this is the client, which
/// the socket's own `peer_addr` does not know.
///
/// ```
/// assert_eq!(mainspring_service::net::peer(), None);
/// ```
#[must_use]
pub fn peer() -> Option<Peer> {
    PEER.get()
}
