use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mainspring_task::task;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::handling::Handling;
use super::report::Report;
use super::serving::Serving;
use super::socket::Socket;
use super::stream::{mismatch, sealed::Kind};
use super::tls::{Acceptor, ServerTls};
use super::wire::Wire;
use super::{Counters, Options, Overflow, Peer, Stream};
use crate::{Context, Outcome, Result};

/// The pause after an accept that failed for want of something, such as file descriptors.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts connections and runs a task for each.
///
/// What all servers over connections share: the limit, the pause when accepting fails, the spread
/// over cores, TLS, the PROXY protocol, the counters, the end.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    tls: Option<Acceptor>,
    options: Options,
    /// One permit per connection.
    places: Arc<Semaphore>,
    counters: Counters,
}

impl Listener {
    /// Binds an address and tells the context of it. Port 0 takes a free port; `unix:` and a path bind a
    /// Unix socket.
    ///
    /// A socket that was [inherited](super::inherit) for the service is taken instead. `scheme` names the
    /// protocol in the log: `tcp`, `http`.
    ///
    /// # Errors
    ///
    /// When the address cannot be resolved or bound; the error names it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing stays bound.
    pub async fn bind(cx: &Context, scheme: &str, address: &str, options: &Options) -> Result<Self> {
        let socket = Socket::bind(cx, scheme, address, options).await?;
        let places = Arc::new(Semaphore::new(options.connections.min(Semaphore::MAX_PERMITS)));
        let counters = Counters::new(cx.service().into());
        Ok(Listener { socket, tls: None, options: options.clone(), places, counters })
    }

    /// Has each connection begin with a TLS handshake, in the connection's own task.
    ///
    /// At SIGHUP the certificate is loaded again; one that cannot be used leaves the old one in force.
    ///
    /// # Errors
    ///
    /// When a file cannot be used; the error names it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is closed.
    pub async fn tls(mut self, cx: &Context, tls: &ServerTls) -> Result<Self> {
        self.tls = Some(tls.start(cx).await?);
        let (reload, hears) = (tls.reload(), cx.clone());
        let reloads = async move {
            loop {
                hears.reload().await;
                if let Err(error) = reload.reload().await {
                    tracing::error!(service = hears.service(), %error, "the certificate was not loaded again");
                }
            }
        };
        cx.background(reloads).detach();
        Ok(self)
    }

    /// The address it is bound to.
    ///
    /// # Errors
    ///
    /// When the system does not tell, or it is a Unix socket, which has a [`path`](Listener::path).
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.address()
    }

    /// The path it is bound to; `None` unless it is a Unix socket.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.socket.path()
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }

    /// A handler that takes such streams can be [served](Listener::serve). Ask to choose between a bare
    /// socket, which costs least, and a [`Connection`](super::Connection).
    #[must_use]
    pub fn gives<S: Stream>(&self) -> bool {
        S::TAKES.is_none_or(|kind| kind == self.kind())
    }

    fn kind(&self) -> Kind {
        if self.tls.is_some() || self.options.idle.is_some() {
            Kind::Wrapped
        } else if self.socket.is_tcp() {
            Kind::Tcp
        } else {
            Kind::Unix
        }
    }

    /// Serves connections until the service is to stop.
    ///
    /// Each connection's future runs in a task of its own, as work of the service: the service's
    /// end waits for it within the shutdown grace. An error it returns is logged. Returns, with the
    /// socket closed, as soon as the service is to stop.
    ///
    /// # Errors
    ///
    /// When the handler takes a bare socket and the listener [gives](Listener::gives) none. An accept
    /// that fails is logged and tried again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it closes the socket; connections go on.
    pub async fn serve<S, H, Fut>(self, cx: &Context, handler: H) -> Result
    where
        S: Stream,
        H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.check::<S>()?;
        let serving = self.serving(cx);
        let stopping = cx.stopping();
        let mut pause = FIRST_PAUSE;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopping.wait() => return Ok(()),
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => {
                    pause = FIRST_PAUSE;
                    self.spawn(cx, accepted, &serving, handler.clone());
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.counters.stalled();
                    tracing::warn!(service = cx.service(), %error, ?pause, "cannot accept a connection");
                    tokio::select! {
                        () = stopping.wait() => return Ok(()),
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    }
                }
            }
        }
    }

    pub(super) fn check<S: Stream>(&self) -> Result {
        if self.gives::<S>() {
            return Ok(());
        }
        Err(mismatch::<S>())
    }

    fn serving(&self, cx: &Context) -> Arc<Serving> {
        Arc::new(Serving {
            report: Report::new(cx, &self.options, &self.counters),
            idle: self.options.idle,
            proxy: self.options.proxy_protocol.clone(),
            tls: self.tls.clone(),
        })
    }

    async fn accept(&self) -> io::Result<Accepted> {
        if self.options.overflow == Overflow::Wait {
            let place =
                Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
            let (wire, peer) = self.socket.accept(&self.options).await?;
            return Ok(Accepted { wire, peer, place });
        }
        loop {
            let (wire, peer) = self.socket.accept(&self.options).await?;
            match Arc::clone(&self.places).try_acquire_owned() {
                Ok(place) => return Ok(Accepted { wire, peer, place }),
                Err(_) => self.counters.refused(),
            }
        }
    }

    fn spawn<S, H, Fut>(&self, cx: &Context, accepted: Accepted, serving: &Arc<Serving>, handler: H)
    where
        S: Stream,
        H: Fn(S) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let Accepted { wire, peer, place } = accepted;
        let (serving, active) = (Arc::clone(serving), self.counters.accepted());
        let task =
            task::Builder::new().name(format!("{} {peer}", serving.report.service)).place(self.options.place);
        let core = cx.cores().least_loaded();
        let task = core.iter().fold(task, |task, core| task.on(core.handle()));
        let report = Arc::clone(&serving.report);
        let opening = serving.open(wire, peer.clone(), handler, core.is_some());
        cx.work(task, Handling::new(report, peer, opening, (place, active, core))).detach();
    }
}

/// A connection that has not been served yet, with its place among those that may be.
struct Accepted {
    wire: Wire,
    peer: Peer,
    place: OwnedSemaphorePermit,
}

/// The peer went away between its arrival and our accept: nothing is wrong with the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
