use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

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
    /// Apart, for few connections have it and each one carries a peer.
    proxied: Option<Arc<Proxied>>,
}

/// What a trusted proxy has told besides the client's address.
#[derive(Debug, PartialEq, Eq)]
struct Proxied {
    destination: SocketAddr,
    proxy: Option<SocketAddr>,
}

impl Peer {
    pub(super) fn of(address: Option<SocketAddr>) -> Self {
        Peer { address, proxied: None }
    }

    /// A client that a proxy has told of.
    pub(super) fn behind(proxy: Option<SocketAddr>, source: SocketAddr, destination: SocketAddr) -> Self {
        Peer { address: Some(source), proxied: Some(Arc::new(Proxied { destination, proxy })) }
    }

    /// A proxy spoke for the client.
    #[must_use]
    pub fn is_proxied(&self) -> bool {
        self.proxied.is_some()
    }

    /// The address that the client connected to, when a proxy told it.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        self.proxied.as_ref().map(|proxied| proxied.destination)
    }

    /// The address of the proxy that spoke for the client; `None` over a Unix socket.
    #[must_use]
    pub fn proxy(&self) -> Option<SocketAddr> {
        self.proxied.as_ref()?.proxy
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
