//! One connection: accepts streams until either side ends it.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::server::{Builder, Connection};
use mainspring_task::task;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::stream::{Stream, handle};
use crate::server::Site;

/// Streams that a client may have open at once.
const STREAMS: u32 = 128;
/// What a client may send on a stream, and on all of them, before somebody has read it.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What is kept of an answer that the client does not take.
const SEND_BUFFER: usize = 64 * 1024;
/// Streams that the client reset before anybody looked at them, beyond which it is an attack.
const PENDING_RESETS: usize = 20;
/// Streams that had to be reset because the client broke a rule, beyond which it is an attack.
const PROVOKED_RESETS: usize = 128;

/// Serves one connection until either side ends it.
///
/// When `stopping` is ready, no new stream is accepted, and the connection ends with the last one.
///
/// # Errors
///
/// When the client breaks the protocol or the connection breaks.
pub(crate) async fn serve<S>(
    io: S,
    peer: Option<SocketAddr>,
    site: Arc<Site>,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let handshake = builder(&site).handshake::<S, Bytes>(io);
    let Ok(shaken) = timeout(site.timeouts.head, handshake).await else {
        // A client that says nothing is not worth a word.
        return Ok(());
    };
    // Streams hold the other end: the connection's task ends after the last of them.
    let (alive, mut ended) = mpsc::channel(1);
    let outcome = accept(shaken?, peer, &site, stopping, alive).await;
    let _all_gone: Option<()> = ended.recv().await;
    outcome
}

fn builder(site: &Site) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(site.limits.head).unwrap_or(u32::MAX))
        .max_send_buffer_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(Some(PROVOKED_RESETS));
    builder
}

/// Why the wait for a stream ended.
enum Event<T> {
    Stream(T),
    Stop,
    Idle,
}

async fn accept<S>(
    mut connection: Connection<S, Bytes>,
    peer: Option<SocketAddr>,
    site: &Arc<Site>,
    stopping: impl Future<Output = ()> + Send,
    alive: mpsc::Sender<()>,
) -> Result<(), h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut stopping = pin!(stopping);
    let mut stopped = false;
    let mut idle = pin!(sleep_until(Instant::now() + site.timeouts.idle));
    loop {
        let event = poll_fn(|cx| {
            if !stopped && stopping.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Stop);
            }
            if let Poll::Ready(next) = Pin::new(&mut connection).poll_accept(cx) {
                return Poll::Ready(Event::Stream(next));
            }
            if !stopped && idle.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Idle);
            }
            Poll::Pending
        })
        .await;
        match event {
            Event::Stream(None) => return Ok(()),
            Event::Stream(Some(request)) => {
                let (request, respond) = request?;
                let stream = Stream { respond, site: Arc::clone(site), peer, _alive: alive.clone() };
                task::Builder::new().name("http2 stream").spawn(handle(stream, request)).detach();
            }
            // Whoever still has a stream is not idle.
            Event::Idle if connection.has_streams() => {
                idle.as_mut().reset(Instant::now() + site.timeouts.idle);
                continue;
            }
            Event::Idle | Event::Stop => {
                stopped = true;
                connection.graceful_shutdown();
            }
        }
        idle.as_mut().reset(Instant::now() + site.timeouts.idle);
    }
}
