//! The half of a connection that knows the socket: reads, writes, and the time both may take.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BufMut;
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::io::poll_read_buf;

use super::drain::Drain;
use super::exchange::{Exchange, Linger, Site, Step};
use super::watch::{Alarm, OnStop, Watch};
use crate::http1::Refusal;

/// How much is read at once, and so how far pipelined requests are read ahead.
const READ: usize = 8 * 1024;
/// A buffer with less room than this is renewed before a read.
const ROOM: usize = 1024;
/// What a body's buffer grows by at first; afterwards it doubles, but never runs far ahead of what has come.
const GROWTH: usize = 16 * 1024;
/// Most that is read and dropped after a refusal.
const LINGER: usize = 1024 * 1024;

/// Serves one connection until either side ends it.
///
/// # Errors
///
/// What reading or writing gives, `TimedOut` when the client takes nothing of an answer.
pub(super) async fn serve<S, D>(
    stream: S,
    peer: Option<SocketAddr>,
    site: Arc<Site>,
    drain: D,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: Drain,
{
    let watch = Watch::new(Arc::clone(&site.clock), drain);
    let head_since = Some(site.clock.now());
    let exchange = Exchange::new(Arc::clone(&site), peer);
    Connection { stream, site, watch, exchange, head_since, heads: 0, body_since: None, stop_since: None }
        .run()
        .await
}

struct Connection<S, D> {
    stream: S,
    site: Arc<Site>,
    watch: Watch<D>,
    exchange: Exchange,
    /// When the head after the first `heads` began; of the first head, when the connection did.
    head_since: Option<u64>,
    heads: u64,
    /// When the body that is being read began, and how much of it was read since.
    body_since: Option<(u64, u64)>,
    /// When this connection noticed that the server stops.
    stop_since: Option<u64>,
}

/// How a read ended.
enum Read {
    More,
    /// The client or the server has nothing more to say.
    End,
    Refused(Refusal),
}

impl<S, D> Connection<S, D>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: Drain,
{
    async fn run(mut self) -> io::Result<()> {
        loop {
            let Self { exchange, watch, .. } = &mut self;
            let step = poll_fn(|cx| exchange.poll(cx, watch.is_stopping())).await;
            if !self.exchange.output.is_empty() {
                self.write().await?;
            }
            let read = match step {
                Step::Write => continue,
                Step::Close(linger) => return self.close(linger).await,
                Step::ReadHead => self.read_head().await?,
                Step::ReadBody => self.read_body().await?,
            };
            match read {
                Read::More => {}
                Read::End => return self.stream.shutdown().await,
                Read::Refused(refusal) => self.exchange.refuse(refusal),
            }
        }
    }

    /// Writes the whole output.
    async fn write(&mut self) -> io::Result<()> {
        let Self { stream, site, watch, exchange, .. } = self;
        let mut deadline = None;
        let stall = |stopping| {
            if stopping { site.timeouts.drain.min(site.timeouts.write) } else { site.timeouts.write }
        };
        poll_fn(|cx| {
            let mut progress = false;
            if let Poll::Ready(result) = exchange.output.poll_write(cx, stream, &mut progress) {
                return Poll::Ready(result);
            }
            let woken = deadline.is_some();
            if progress {
                deadline = None;
            }
            let mut stopping = watch.is_stopping();
            let mut until = *deadline.get_or_insert_with(|| watch.clock().after(stall(stopping)));
            loop {
                let on_stop = if stopping { OnStop::GoOn } else { OnStop::End };
                match watch.poll(cx, until, on_stop, woken) {
                    Poll::Ready(Alarm::Stop) => {
                        stopping = true;
                        until = until.min(watch.clock().after(stall(stopping)));
                        deadline = Some(until);
                    }
                    Poll::Ready(Alarm::Deadline) => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    async fn read_head(&mut self) -> io::Result<Read> {
        self.body_since = None;
        let idle = self.exchange.is_idle();
        let stopping = self.watch.is_stopping();
        if stopping && idle && !self.watch.is_handover() {
            return Ok(Read::End);
        }
        if self.exchange.heads != self.heads {
            self.heads = self.exchange.heads;
            self.head_since = None;
        }
        let clock = self.watch.clock();
        let timeouts = &self.site.timeouts;
        let deadline = match self.head_since {
            _ if !idle => *self.head_since.get_or_insert(clock.now()) + after(timeouts.head),
            Some(since) => since + after(timeouts.head),
            None => clock.after(timeouts.idle),
        };
        let (deadline, on_stop) = if stopping {
            let since = *self.stop_since.get_or_insert_with(|| self.watch.clock().now());
            (deadline.min(since + after(self.site.timeouts.drain)), OnStop::GoOn)
        } else {
            (deadline, OnStop::End)
        };
        Ok(match self.read(deadline, on_stop).await? {
            Ok(0) if idle => Read::End,
            Ok(0) => Read::Refused(Refusal::bad("the connection ended within the head")),
            Ok(_) => Read::More,
            // What has begun to arrive is given a little longer: read again, with the deadline of a drain.
            Err(Alarm::Stop) if !idle || self.watch.is_handover() => Read::More,
            Err(Alarm::Deadline) if !idle => Read::Refused(SLOW_HEAD),
            Err(_) => Read::End,
        })
    }

    async fn read_body(&mut self) -> io::Result<Read> {
        let timeouts = self.site.timeouts;
        let now = self.watch.clock().now();
        let (since, received) = *self.body_since.get_or_insert((now, 0));
        let earned = received.saturating_mul(1000) / u64::from(timeouts.body_rate.max(1));
        let deadline = now.min(since.saturating_add(earned)) + after(timeouts.body);
        let stopping = self.watch.is_stopping();
        let deadline = if stopping { deadline.min(now + after(timeouts.drain)) } else { deadline };
        let on_stop = if stopping { OnStop::GoOn } else { OnStop::End };
        Ok(match self.read(deadline, on_stop).await? {
            Ok(0) => Read::Refused(Refusal::bad("the connection ended within the body")),
            Ok(count) => {
                self.body_since = Some((since, received + count as u64));
                Read::More
            }
            Err(Alarm::Stop) => Read::More,
            Err(Alarm::Deadline) => Read::Refused(SLOW_BODY),
        })
    }

    /// Reads once: into the body that is being collected where that is possible, else into the input.
    async fn read(&mut self, deadline: u64, on_stop: OnStop) -> io::Result<Result<usize, Alarm>> {
        let Self { stream, watch, exchange, .. } = self;
        let mut woken = false;
        poll_fn(|cx| {
            let mut stream = Pin::new(&mut *stream);
            let polled = match exchange.bypass() {
                None => {
                    if exchange.input.capacity() - exchange.input.len() < ROOM {
                        exchange.input.reserve(READ);
                    }
                    poll_read_buf(stream.as_mut(), cx, &mut exchange.input)
                }
                Some((body, missing)) => {
                    if body.capacity() == body.len() {
                        body.reserve(missing.min(GROWTH.max(body.len())));
                    }
                    let polled = poll_read_buf(stream.as_mut(), cx, &mut body.limit(missing));
                    if let Poll::Ready(Ok(count)) = polled {
                        exchange.bypassed(count);
                    }
                    polled
                }
            };
            if let Poll::Ready(result) = polled {
                return Poll::Ready(result.map(Ok));
            }
            match watch.poll(cx, deadline, on_stop, std::mem::replace(&mut woken, true)) {
                Poll::Ready(alarm) => Poll::Ready(Ok(Err(alarm))),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Ends the connection. A client that may still be sending would get a reset in place of the answer, so
    /// what it sends is read and dropped for a while.
    async fn close(mut self, linger: Linger) -> io::Result<()> {
        self.stream.shutdown().await?;
        if linger == Linger::Yes {
            let stream = &mut self.stream;
            let reading = async move {
                let mut scratch = vec![0; READ];
                let mut left = LINGER;
                while left > 0 {
                    match stream.read(&mut scratch).await {
                        Ok(0) | Err(_) => break,
                        Ok(count) => left = left.saturating_sub(count),
                    }
                }
            };
            let _ended_by_time = tokio::time::timeout(self.site.timeouts.linger, reading).await;
        }
        Ok(())
    }
}

const SLOW_HEAD: Refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "the head did not arrive in time");
const SLOW_BODY: Refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");

/// A time-out on the coarse clock, rounded up by its inexactness.
fn after(timeout: Duration) -> u64 {
    super::clock::millis(timeout.saturating_add(super::clock::TICK))
}
