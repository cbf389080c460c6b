use tokio::net::TcpStream;

use super::counters::Traffic;
use super::wire::Wire;
use super::{Connection, Counters, Peer, UnixStream};
use crate::BoxError;
use sealed::Sealed;

/// What a handler may take: a [`TcpStream`], a [`UnixStream`] or a [`Connection`], which is any.
///
/// A bare socket can be given only by a listener that leaves the bytes as they come: one without TLS and
/// without an idle time-out. The start of the service fails where that does not fit.
pub trait Stream: Sealed + Send + 'static {}

impl Stream for TcpStream {}
impl Stream for UnixStream {}
impl Stream for Connection {}

pub(super) mod sealed {
    use crate::net::wire::Wire;
    use crate::net::{Connection, Counters, Peer};

    /// What a listener makes of the sockets it accepts.
    #[expect(unnameable_types, reason = "only the seal names it")]
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Kind {
        Tcp,
        Unix,
        Wrapped,
    }

    #[expect(unnameable_types, reason = "it seals a public trait")]
    pub trait Sealed: Sized {
        /// The one kind it takes; `None` takes any.
        const TAKES: Option<Kind>;

        /// Takes a socket as it was accepted. Nothing if it is of another kind.
        fn bare(wire: Wire, peer: &Peer, counters: &Counters) -> Option<Self>;

        /// Nothing if the connection is of another kind.
        fn of(connection: Connection) -> Option<Self>;
    }
}

use sealed::Kind;

impl Sealed for TcpStream {
    const TAKES: Option<Kind> = Some(Kind::Tcp);

    fn of(connection: Connection) -> Option<Self> {
        connection.into_wire()?.tcp()
    }

    fn bare(wire: Wire, _: &Peer, _: &Counters) -> Option<Self> {
        wire.tcp()
    }
}

impl Sealed for UnixStream {
    const TAKES: Option<Kind> = Some(Kind::Unix);

    fn of(connection: Connection) -> Option<Self> {
        connection.into_wire()?.unix()
    }

    fn bare(wire: Wire, _: &Peer, _: &Counters) -> Option<Self> {
        wire.unix()
    }
}

impl Sealed for Connection {
    const TAKES: Option<Kind> = None;

    fn of(connection: Connection) -> Option<Self> {
        Some(connection)
    }

    fn bare(wire: Wire, peer: &Peer, counters: &Counters) -> Option<Self> {
        Some(Connection::plain(wire, peer.clone()).counted(Traffic::new(counters)))
    }
}

/// A handler takes streams of a kind that it cannot be given.
pub(super) fn mismatch<S>() -> BoxError {
    let stream = std::any::type_name::<S>().rsplit("::").next().unwrap_or_default();
    format!("the handler takes a {stream}, which this service does not give: take a Connection").into()
}
