use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use mainspring_task::task;
use socket2::Type;
use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Options;
use super::address::bind;
use super::inherit::Held;
use crate::{Context, Outcome, Result, Service};

/// The largest payload of a datagram.
const LARGEST: usize = 65_535;
/// How much is reserved at once; datagrams are cut out of it without a copy.
const CHUNK: usize = 4 * LARGEST;

/// A service that runs a handler for each datagram.
///
/// At most 1,024 handlers run at once, unless [`concurrency`](UdpServer::concurrency) says
/// otherwise; while they all do, datagrams wait in the kernel, which drops what it cannot hold.
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
    place: &'static Location<'static>,
    handler: H,
}

/// One datagram and the way back to who sent it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Datagram {
    /// What it carries.
    pub data: Bytes,
    /// Who sent it.
    pub peer: SocketAddr,
    socket: Arc<UdpSocket>,
}

impl Datagram {
    /// Sends a datagram back to the peer.
    ///
    /// # Errors
    ///
    /// When the system does not take it, as when it is larger than a datagram can be.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is sent whole or not at all.
    pub async fn reply(&self, data: &[u8]) -> io::Result<()> {
        self.socket.send_to(data, self.peer).await.map(|_| ())
    }
}

impl<H, Fut> UdpServer<H>
where
    H: Fn(Datagram) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// A server at an address such as `127.0.0.1:3000`, bound when the service starts.
    #[track_caller]
    pub fn bind(address: impl ToString, handler: H) -> Self {
        UdpServer {
            name: "udp".to_owned(),
            address: address.to_string(),
            concurrency: 1024,
            place: Location::caller(),
            handler,
        }
    }

    /// The name of the service. Default: `udp`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How many handlers may run at once; at least one. Default: 1,024.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    fn spawn(&self, cx: &Context, datagram: Datagram, permit: OwnedSemaphorePermit) {
        let (service, peer): (Arc<str>, _) = (cx.service().into(), datagram.peer);
        let work = (self.handler)(datagram);
        let task = task::Builder::new().name(format!("{service} {peer}")).place(self.place);
        cx.work(task, async move {
            if let Err(error) = work.await.into_result() {
                tracing::warn!(%service, %peer, %error, "a datagram's handler failed");
            }
            drop(permit);
        })
        .detach();
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
        let socket = bind(cx.service(), &self.address, Type::DGRAM, &Options::new()).await?;
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        let _held = Held::new(cx.service(), &self.address, socket.clone());
        cx.listening("udp", socket.local_addr()?);
        let stopping = cx.stopping();
        let permits = Arc::new(Semaphore::new(self.concurrency.min(Semaphore::MAX_PERMITS)));
        let mut buffer = BytesMut::new();
        cx.ready();
        loop {
            buffer.reserve(if buffer.capacity() < LARGEST { CHUNK } else { 0 });
            let received = tokio::select! {
                biased;
                () = stopping.wait() => return Ok(()),
                received = receive(&socket, &permits, &mut buffer) => received,
            };
            match received {
                Ok((peer, permit)) => {
                    let data = buffer.split().freeze();
                    self.spawn(cx, Datagram { data, peer, socket: Arc::clone(&socket) }, permit);
                }
                // Such as a port that is closed at the peer of an earlier reply: of no concern here.
                Err(error) => tracing::debug!(service = cx.service(), %error, "cannot receive a datagram"),
            }
        }
    }
}

async fn receive(
    socket: &UdpSocket,
    permits: &Arc<Semaphore>,
    buffer: &mut BytesMut,
) -> io::Result<(SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.expect("the semaphore is never closed");
    let (_, peer) = socket.recv_buf_from(buffer).await?;
    Ok((peer, permit))
}

impl<H> fmt::Debug for UdpServer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpServer")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
