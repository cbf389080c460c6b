//! One connection: accepts streams until either side ends it.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, Connection};
use mainspring_task::task;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::stream::{Stream, handle};
use super::turn::{Paced, Turn};
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
    let turn = Turn::new();
    let handshake = builder(&site).handshake::<_, Bytes>(Paced::new(io, turn.clone()));
    let handshake = turn.pace(handshake);
    let Ok(shaken) = timeout(site.timeouts.head, handshake).await else {
        // A client that says nothing is not worth a word.
        return Ok(());
    };
    let (stop, stopped) = watch::channel(false);
    let outcome = turn.pace(accept(shaken?, peer, &site, stopping, (&stop, stopped))).await;
    // Every stream holds a receiver: the connection's task ends after the last of them.
    stop.closed().await;
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
    /// The server stops.
    Stop,
    /// It was silent too long, or is too old.
    Time,
}

async fn accept<S>(
    mut connection: Connection<S, Bytes>,
    peer: Option<SocketAddr>,
    site: &Arc<Site>,
    stopping: impl Future<Output = ()> + Send,
    (stop, stopped): (&watch::Sender<bool>, watch::Receiver<bool>),
) -> Result<(), h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut stopping = pin!(stopping);
    let mut ending = false;
    let mut left = site.lifespan.requests.unwrap_or(u64::MAX);
    let born = site.clock.now();
    let expires = site.lifespan.age.map(|age| site.clock.instant(site.clock.jittered(born, age)));
    let limit = |idle: Instant| expires.map_or(idle, |expires| idle.min(expires));
    let mut timer = pin!(sleep_until(limit(Instant::now() + site.timeouts.idle)));
    loop {
        let event = poll_fn(|cx| {
            if !*stop.borrow() && stopping.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Stop);
            }
            if let Poll::Ready(next) = connection.poll_accept(cx) {
                return Poll::Ready(Event::Stream(next));
            }
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Event::Time);
            }
            Poll::Pending
        })
        .await;
        match event {
            Event::Stream(None) => return Ok(()),
            Event::Stream(Some(request)) => {
                let (request, respond) = request?;
                let stream = Stream { respond, site: Arc::clone(site), peer, stopped: stopped.clone() };
                task::Builder::new().name("http2 stream").spawn(handle(stream, request)).detach();
                left = left.saturating_sub(1);
                ending |= left == 0;
            }
            // The farewell waits for an answer, which a client that is gone does not give.
            Event::Time if ending && !connection.has_streams() => {
                connection.abrupt_shutdown(Reason::NO_ERROR);
                let _ended_by_time =
                    timeout(site.timeouts.linger, poll_fn(|cx| connection.poll_closed(cx))).await;
                return Ok(());
            }
            Event::Time => {
                let expired = expires.is_some_and(|expires| expires <= Instant::now());
                // Whoever still has a stream is not idle.
                ending |= expired || !connection.has_streams();
            }
            Event::Stop => {
                stop.send_replace(true);
                ending = true;
            }
        }
        if ending {
            // Says so once, however often it is asked.
            connection.graceful_shutdown();
            timer.as_mut().reset(Instant::now() + site.timeouts.drain);
        } else {
            timer.as_mut().reset(limit(Instant::now() + site.timeouts.idle));
        }
    }
}
