use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::header::{Header, Progress, parse};
use super::{Network, ParseNetworkError};
use crate::Result;
use crate::net::Peer;
use crate::net::wire::Wire;

/// Which peers tell, by the PROXY protocol, for whom they connect.
///
/// A connection from one of these must begin with a header of version 1 or 2; it is closed when there is
/// none, or none within 5 s. Connections from others are taken as they are: what they send is not looked
/// at, so that nobody can pass for another. Over a Unix socket, whose path decides who may connect, a
/// header is always asked for.
///
/// [`peer`](crate::net::peer) and [`Connection::peer`](crate::net::Connection::peer) tell whom the proxy
/// named.
///
/// ```
/// use mainspring_service::net::{Options, ProxyProtocol};
///
/// let balancers = ProxyProtocol::from_networks(["10.0.0.0/8", "::1"]).unwrap();
/// let options = Options::new().proxy_protocol(balancers);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct ProxyProtocol {
    trusted: Arc<[Network]>,
    timeout: Duration,
}

impl ProxyProtocol {
    /// Asks for a header from peers in these networks.
    ///
    /// # Errors
    ///
    /// When a text is no [`Network`]; the error names it.
    pub fn from_networks<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseNetworkError> {
        let trusted = networks.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Ok(ProxyProtocol { trusted, timeout: Duration::from_secs(5) })
    }

    /// How long the header may take. Default: 5 s.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Reads the header, if the peer is one that sends it, and says who the peer is then.
    pub(in crate::net) async fn resolve(&self, wire: &mut Wire, peer: Peer) -> Result<Peer> {
        if !self.trusts(wire, peer.address) {
            return Ok(peer);
        }
        let limit = self.timeout;
        let header = match tokio::time::timeout(limit, read(wire)).await {
            Ok(header) => header?,
            Err(_) => return Err(format!("it did not come within {limit:?}").into()),
        };
        Ok(match header {
            Header::Unknown => peer,
            Header::Client { source, destination } => Peer::behind(peer.address, source, destination),
        })
    }

    fn trusts(&self, wire: &Wire, address: Option<SocketAddr>) -> bool {
        match (wire, address) {
            (Wire::Unix(_), _) => true,
            (Wire::Tcp(_), Some(address)) => {
                self.trusted.iter().any(|network| network.contains(address.ip()))
            }
            (Wire::Tcp(_), None) => false,
        }
    }
}

async fn read(wire: &mut Wire) -> Result<Header> {
    let mut bytes = Vec::with_capacity(108);
    loop {
        match parse(&bytes)? {
            Progress::Done(header) => return Ok(header),
            Progress::Need(more) => {
                let old = bytes.len();
                bytes.resize(old + more, 0);
                wire.read_exact(&mut bytes[old..]).await?;
            }
        }
    }
}
