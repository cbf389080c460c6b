use std::sync::Arc;
use std::time::Duration;

use super::counters::Traffic;
use super::report::Report;
use super::stream::Stream;
use super::tls::Acceptor;
use super::wire::Wire;
use super::{Connection, Peer, ProxyProtocol, Stage};
use crate::{BoxError, Result};

/// What the tasks of all connections of a listener share.
pub(super) struct Serving {
    pub(super) report: Arc<Report>,
    pub(super) idle: Option<Duration>,
    pub(super) proxy: Option<ProxyProtocol>,
    pub(super) tls: Option<Acceptor>,
}

impl Serving {
    /// Takes a connection from its socket to its handler. Nothing if it does not come to that, which is
    /// reported.
    pub(super) async fn open<S, H, Fut>(
        self: Arc<Self>,
        wire: Wire,
        mut peer: Peer,
        handler: H,
        elsewhere: bool,
    ) -> Option<(Peer, Fut)>
    where
        S: Stream,
        H: FnOnce(S) -> Fut,
    {
        let opened = self.stream(wire, &mut peer, elsewhere).await;
        let stream: Option<S> = match opened {
            Ok(stream) => stream,
            Err((stage, error)) => {
                self.report.failure(&peer, stage, &error);
                return None;
            }
        };
        peer.enter();
        let work = handler(stream.expect("the listener was asked before it served"));
        Some((peer, work))
    }

    async fn stream<S: Stream>(
        &self,
        wire: Wire,
        peer: &mut Peer,
        elsewhere: bool,
    ) -> Result<Option<S>, (Stage, BoxError)> {
        let wire = if elsewhere { wire.rehome() } else { Ok(wire) };
        let wire = wire.map_err(|error| (Stage::Accept, error.into()))?;
        let counters = &self.report.counters;
        if self.proxy.is_none() && self.tls.is_none() && self.idle.is_none() {
            return Ok(S::bare(wire, peer, counters));
        }
        // Boxed: what only some connections need is not part of what each one carries.
        let connection = Box::pin(self.shake_hands(wire, peer)).await?;
        Ok(S::of(connection.with_idle(self.idle).counted(Traffic::new(counters))))
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
