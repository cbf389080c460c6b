use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::options::Hook;
use super::stream::Stream;
use super::tls::Acceptor;
use super::wire::Wire;
use super::{Connection, Counters, Failure, Peer, ProxyProtocol, Stage};
use crate::{BoxError, Outcome, Result};

/// What the tasks of all connections of a listener share.
pub(super) struct Serving {
    pub(super) service: Arc<str>,
    pub(super) counters: Counters,
    pub(super) hook: Option<Hook>,
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
            S::bare(wire, &peer)
        } else {
            // Boxed: what only some connections need is not part of what each one carries.
            match Box::pin(self.shake_hands(wire, &mut peer)).await {
                Ok(connection) => S::of(connection.with_idle(self.idle)),
                Err((stage, error)) => return self.report(&peer, stage, &error),
            }
        };
        let stream = stream.expect("the listener was asked before it served");
        peer.enter();
        if let Err(error) = handler(stream).await.into_result() {
            self.report(&peer, Stage::Handler, &error);
        }
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

    pub(super) fn report(&self, peer: &Peer, stage: Stage, error: &BoxError) {
        self.counters.failed();
        let service = &*self.service;
        if stage == Stage::Handler {
            tracing::warn!(service, %peer, %error, "a connection failed");
        } else {
            // Whoever scans the port can cause these: counted, but no flood of the log.
            tracing::debug!(service, %peer, %stage, %error, "a connection was not established");
        }
        if let Some(hook) = &self.hook {
            hook.call(&Failure { service, peer, stage, error });
        }
    }
}
