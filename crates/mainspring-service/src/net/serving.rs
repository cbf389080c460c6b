use std::future::Future;
use std::time::Duration;

use super::counters::Traffic;
use super::report::Report;
use super::stream::Stream;
use super::tls::Acceptor;
use super::wire::Wire;
use super::{Connection, Peer, ProxyProtocol, Stage};
use crate::{BoxError, Outcome, Result};

/// What the tasks of all connections of a listener share.
pub(super) struct Serving {
    pub(super) report: Report,
    pub(super) idle: Option<Duration>,
    pub(super) proxy: Option<ProxyProtocol>,
    pub(super) tls: Option<Acceptor>,
}

impl Serving {
    /// Takes a connection from its socket to the end of its handler, and reports what goes wrong.
    pub(super) async fn converse<S, H, Fut>(&self, wire: Wire, mut peer: Peer, handler: H)
    where
        S: Stream,
        H: FnOnce(S) -> Fut,
        Fut: Future<Output: Outcome>,
    {
        let bare = self.proxy.is_none() && self.tls.is_none() && self.idle.is_none();
        let stream = if bare {
            S::bare(wire, &peer, &self.report.counters)
        } else {
            // Boxed: what only some connections need is not part of what each one carries.
            match Box::pin(self.shake_hands(wire, &mut peer)).await {
                Ok(connection) => {
                    let traffic = Traffic::new(&self.report.counters);
                    S::of(connection.with_idle(self.idle).counted(traffic))
                }
                Err((stage, error)) => return self.report.failure(&peer, stage, &error),
            }
        };
        let stream = stream.expect("the listener was asked before it served");
        peer.enter();
        self.report.watch(&peer, || handler(stream)).await;
    }

    async fn shake_hands(&self, mut wire: Wire, peer: &mut Peer) -> Result<Connection, (Stage, BoxError)> {
        if let Some(proxy) = &self.proxy {
            *peer =
                proxy.resolve(&mut wire, peer.clone()).await.map_err(|error| (Stage::ProxyHeader, error))?;
        }
        match &self.tls {
            None => Ok(Connection::plain(wire, peer.clone())),
            Some(tls) => {
                let stream = tls.accept(wire).await.map_err(|error| (Stage::Handshake, error))?;
                Ok(Connection::tls(stream, peer.clone()))
            }
        }
    }
}
