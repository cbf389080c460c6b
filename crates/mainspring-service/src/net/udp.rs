use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mainspring_task::task;
use socket2::Type;
use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bind::bind;
use super::builders::builders;
use super::datagram::{Datagram, Receiver};
use super::handling::Handling;
use super::inherit::Held;
use super::report::Report;
use super::{Counters, Options, Overflow, Peer};
use crate::{Context, Outcome, Result, Service};

/// A service that runs a handler for each datagram.
///
/// At most 1,024 handlers run at once, unless [`concurrency`](UdpServer::concurrency) says otherwise, so
/// that a flood takes no more memory than so many datagrams. While they all do, datagrams wait in the
/// kernel's receive buffer ([`Options::receive_buffer`]), which drops what it cannot hold; with
/// [`Overflow::Refuse`] they are taken and thrown away instead, so that the ones that are handled are never
/// old. Both are counted, in [`Counts`](super::Counts).
///
/// A handler's error is logged with the peer's address. At shutdown handlers are given the grace.
///
/// ```
/// use mainspring_service::{Entrypoint, net::{Datagram, UdpServer}};
///
/// async fn echo(datagram: Datagram) -> std::io::Result<()> {
///     datagram.reply(&datagram.data).await
/// }
/// Entrypoint::new("demo").service(UdpServer::bind("127.0.0.1:0", echo)).run_until(async {}).unwrap();
/// ```
pub struct UdpServer<H> {
    name: String,
    address: String,
    concurrency: usize,
    options: Options,
    handler: Arc<H>,
}

impl<H, Fut> UdpServer<H>
where
    H: Fn(Datagram) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A server at an address such as `127.0.0.1:3000`, bound when the service starts.
    #[track_caller]
    pub fn bind(address: impl ToString, handler: H) -> Self {
        let (name, address) = ("udp".to_owned(), address.to_string());
        UdpServer { name, address, concurrency: 1024, options: Options::new(), handler: Arc::new(handler) }
    }

    /// How many handlers may run at once; at least one, and no more than [`Options::connections`].
    /// Default: 1,024.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    fn places(&self) -> Arc<Semaphore> {
        let places = self.concurrency.min(self.options.connections);
        Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)))
    }

    /// Waits for a datagram that has a place among those that are handled.
    async fn next(
        &self,
        receiver: &mut Receiver,
        places: &Arc<Semaphore>,
        counters: &Counters,
    ) -> io::Result<(usize, SocketAddr, OwnedSemaphorePermit)> {
        if self.options.overflow == Overflow::Wait {
            let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
            let (length, peer) = receiver.receive().await?;
            return Ok((length, peer, place));
        }
        loop {
            let (length, peer) = receiver.receive().await?;
            match Arc::clone(places).try_acquire_owned() {
                Ok(place) => return Ok((length, peer, place)),
                Err(_) => counters.refused(),
            }
        }
    }

    fn spawn(&self, cx: &Context, report: &Arc<Report>, datagram: Datagram, place: OwnedSemaphorePermit) {
        let (report, active) = (Arc::clone(report), report.counters.accepted());
        let peer = Peer::of(Some(datagram.peer));
        let task = task::Builder::new().name(format!("{} {peer}", report.service)).place(self.options.place);
        let handler = Arc::clone(&self.handler);
        let known = peer.clone();
        let opening = async move {
            known.enter();
            let work = handler(datagram);
            Some((known, work))
        };
        cx.work(task, Handling::new(report, peer, opening, (place, active))).detach();
    }
}

impl<H, Fut> Service for UdpServer<H>
where
    H: Fn(Datagram) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let socket = bind(cx.service(), &self.address, Type::DGRAM, &self.options).await?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let _held = Held::new(cx.service(), &self.address, socket.clone());
        cx.listening("udp", socket.local_addr()?);
        let (stopping, places) = (cx.stopping(), self.places());
        let counters = Counters::new(cx.service().into());
        let report = Report::new(cx, &self.options, &counters);
        let mut receiver = Receiver::new(socket, &counters)?;
        cx.ready();
        loop {
            let received = tokio::select! {
                biased;
                () = stopping.wait() => return Ok(()),
                received = self.next(&mut receiver, &places, &counters) => received,
            };
            match received {
                Ok((length, peer, place)) => {
                    self.spawn(cx, &report, receiver.datagram(length, peer), place);
                }
                // Such as a port that is closed at the peer of an earlier reply: of no concern here.
                Err(error) => tracing::debug!(service = cx.service(), %error, "cannot receive a datagram"),
            }
        }
    }
}

builders! {
    UdpServer<H>, "udp", shows address,
    /// How its datagrams are treated: `connections` and `overflow` with the bound of handlers, the buffers,
    /// `reuse_port`, `v6_only` and `on_failure`. Nothing else of them has a meaning here.
    options: Options
}
