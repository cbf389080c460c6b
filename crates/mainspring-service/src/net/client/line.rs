use std::future::Future;
use std::time::Duration;

use mainspring_task::{task, time::timeout};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Reconnect;
use super::reconnect::random_share;
use crate::net::bind::keep_alive;
use crate::net::socket::UNIX;
use crate::net::stream::{mismatch, sealed::Kind};
use crate::net::tls::Dialer;
use crate::net::wire::Wire;
use crate::net::{Connection, Peer, Stream, UnixStream};
use crate::{Context, Outcome, Result, Stopping};

/// The way to one server.
pub(super) struct Line {
    pub(super) address: String,
    pub(super) reconnect: Reconnect,
    pub(super) tls: Option<Dialer>,
}

impl Line {
    /// Connects and converses until the service is to stop.
    pub(super) async fn keep<S, H, Fut>(&self, cx: &Context, handler: &H) -> Result
    where
        S: Stream,
        H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let given = self.kind();
        if S::TAKES.is_some_and(|kind| kind != given) {
            return Err(mismatch::<S>());
        }
        let stopping = cx.stopping();
        // Until when the first connection must stand; `None` once that is settled.
        let mut first_by = self.first_by();
        if first_by.is_none() {
            cx.ready();
        }
        let mut attempts = 0;
        loop {
            let dialled = tokio::select! {
                biased;
                () = stopping.wait() => return Ok(()),
                dialled = self.dial::<S>(first_by) => dialled,
            };
            match dialled {
                Ok(stream) => {
                    first_by = None;
                    cx.ready();
                    if self.converse(cx, &stopping, stream, handler).await >= self.reconnect.healthy_after {
                        attempts = 0;
                    }
                }
                Err(error) if first_by.is_some_and(|by| by <= Instant::now()) => return Err(error),
                Err(error) => tracing::warn!(service = cx.service(), %error, attempts, "not connected"),
            }
            let pause = Instant::now() + self.reconnect.pause_after(attempts, random_share());
            attempts = attempts.saturating_add(1);
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                // The last attempt of a start is made when its time is over, not after.
                () = tokio::time::sleep_until(first_by.map_or(pause, |by| pause.min(by))) => {}
            }
        }
    }

    fn kind(&self) -> Kind {
        if self.tls.is_some() || self.reconnect.idle.is_some() {
            Kind::Wrapped
        } else if self.address.starts_with(UNIX) {
            Kind::Unix
        } else {
            Kind::Tcp
        }
    }

    fn first_by(&self) -> Option<Instant> {
        let waits = self.reconnect.ready_after_first_connection;
        if !waits {
            return None;
        }
        Instant::now().checked_add(self.reconnect.start_timeout)
    }

    async fn dial<S: Stream>(&self, first_by: Option<Instant>) -> Result<S> {
        let mut limit = self.reconnect.connect_timeout;
        if let Some(first_by) = first_by {
            // An attempt at the very end still gets a moment: it may be the only one there was.
            limit = limit.min((first_by - Instant::now()).max(Duration::from_millis(100)));
        }
        let failed = |error: &dyn std::fmt::Display| format!("cannot connect to {}: {error}", self.address);
        let connection = match timeout(limit, self.connect()).await {
            Ok(connection) => connection.map_err(|error| failed(&error))?,
            Err(_) => return Err(failed(&"it did not answer in time").into()),
        };
        Ok(S::of(connection.with_idle(self.reconnect.idle)).expect("the kind was checked before"))
    }

    async fn connect(&self) -> Result<Connection> {
        let (wire, peer) = match self.address.strip_prefix(UNIX) {
            Some(path) => (Wire::Unix(UnixStream::connect(path).await?), Peer::of(None)),
            None => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                if let Some(after) = self.reconnect.keep_alive {
                    SockRef::from(&stream).set_tcp_keepalive(&keep_alive(after))?;
                }
                let peer = Peer::of(Some(stream.peer_addr()?));
                (Wire::Tcp(stream), peer)
            }
        };
        Ok(match &self.tls {
            None => Connection::plain(wire, peer),
            Some(tls) => Connection::tls(tls.connect(wire).await?, peer),
        })
    }

    /// Runs the handler in a task of its own until it ends or the service is to stop. Gives how long the
    /// connection held.
    async fn converse<S, H, Fut>(&self, cx: &Context, stopping: &Stopping, stream: S, handler: &H) -> Duration
    where
        S: Stream,
        H: Fn(S) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let (since, service) = (Instant::now(), cx.service());
        tracing::debug!(service, address = self.address, "connected");
        let handler = handler.clone();
        let builder = task::Builder::new()
            .name(format!("{service} {}", self.address))
            .service(service)
            .place(self.reconnect.place);
        let mut task = builder.spawn(async move { handler(stream).await.into_result() });
        let ended = tokio::select! {
            biased;
            ended = &mut task => ended,
            () = stopping.wait() => {
                // It may have guards that say goodbye: they are waited for, within their grace.
                task.cancel_with("the service is stopping");
                let _ = task.await;
                return since.elapsed();
            }
        };
        match ended {
            Ok(Ok(())) => tracing::debug!(service, address = self.address, "the connection ended"),
            Ok(Err(error)) => {
                tracing::warn!(service, address = self.address, %error, "the connection failed");
            }
            Err(error) => {
                tracing::error!(service, address = self.address, %error, "the handler did not end well");
            }
        }
        since.elapsed()
    }
}
