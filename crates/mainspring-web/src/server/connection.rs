//! The half of a connection that knows the socket: reads, writes, and the time both may take.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;

use super::buffers::{self, READ};
use super::drain::Drain;
use super::exchange::{Exchange, Site};
use super::farewell::farewell;
use super::patience::{Patience, handler_deadline};
use super::stage::{Ending, Step, Work};
use super::transport::Transport;
use super::watch::{Alarm, OnStop, Watch};
use crate::error::Error;
use crate::http1::Refusal;
use crate::http2;
use crate::payload::{OnUpgrade, Upgraded};

/// A buffer with less room than this is renewed before a read.
const ROOM: usize = 1024;
/// Most that is read of a large body at once.
const LARGE: usize = 64 * 1024;

/// Serves one connection until either side ends it.
///
/// # Errors
///
/// What reading or writing gives, `TimedOut` when the client takes nothing of an answer.
pub(super) fn serve<S, D>(
    stream: S,
    peer: Option<SocketAddr>,
    site: Arc<Site>,
    drain: D,
) -> impl Future<Output = io::Result<()>> + Send
where
    S: Transport,
    D: Drain + Send,
{
    let mut connection = Connection::new(stream, peer, site, drain);
    // Not an `async fn`, which would keep its arguments beside what they were moved into.
    async move {
        match poll_fn(|cx| connection.poll(cx)).await? {
            End::Closed(ending) => {
                let linger = Duration::from_millis(connection.exchange.site.waits.linger);
                farewell(&mut connection.stream, ending, linger).await
            }
            // Boxed: the common connection must not be as large as one of HTTP/2, nor hold its parts twice.
            End::Http2 => Box::pin(speak_http2(connection)).await,
            End::Upgrade(on_upgrade) => {
                on_upgrade(connection.into_upgraded()).await;
                Ok(())
            }
        }
    }
}

/// Serves what the preface of HTTP/2 began.
async fn speak_http2<S, D>(connection: Connection<S, D>) -> io::Result<()>
where
    S: Transport,
    D: Drain + Send,
{
    let Connection { stream, watch, exchange, .. } = connection;
    let Exchange { input, peer, site, .. } = exchange;
    // What it has read already goes before what it will read.
    let stream = Upgraded::new(stream, input, std::future::pending());
    http2::serve(stream, peer, site, watch.into_drain().wait()).await.map_err(io::Error::other)
}

struct Connection<S, D> {
    stream: S,
    watch: Watch<D>,
    exchange: Exchange,
    patience: Patience,
    /// The client sends nothing more.
    ended: bool,
    /// Nothing is to be done before something was read.
    idle: bool,
}

/// How HTTP on a connection ends.
enum End {
    Closed(Ending),
    Upgrade(OnUpgrade),
    /// The client speaks HTTP/2.
    Http2,
}

impl<S, D> Connection<S, D>
where
    S: Transport,
    D: Drain,
{
    fn new(stream: S, peer: Option<SocketAddr>, site: Arc<Site>, drain: D) -> Self {
        let watch = Watch::new(Arc::clone(&site.clock), drain);
        let patience = Patience::new(site.clock.now());
        Self { stream, watch, exchange: Exchange::new(site, peer), patience, ended: false, idle: false }
    }

    /// Goes on as far as the socket and the handler let it.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<End>> {
        let mut woken = true;
        let mut idle = std::mem::take(&mut self.idle);
        loop {
            let step = if std::mem::take(&mut idle) {
                Step::Head
            } else {
                self.exchange.poll(cx, self.watch.is_stopping())
            };
            let mut blocked = self.poll_write(cx)?.is_pending();
            if step == Step::File && !blocked {
                blocked = self.poll_file(cx)?.is_pending();
            }
            match step {
                Step::Write | Step::File if !blocked => {
                    woken = false;
                    continue;
                }
                Step::Close if !blocked => return Poll::Ready(Ok(End::Closed(self.exchange.ending()))),
                Step::Http2 if !blocked => return Poll::Ready(Ok(End::Http2)),
                Step::Upgrade if !blocked => return Poll::Ready(Ok(self.hand_over())),
                _ => {}
            }
            if self.wants_bytes(step, blocked)
                && let Poll::Ready(count) = self.poll_read(cx, step)?
            {
                if let Some(end) = self.took(cx, step, count) {
                    return Poll::Ready(Ok(end));
                }
                woken = false;
                continue;
            }
            match self.poll_alarm(cx, step, blocked, woken)? {
                Poll::Ready(Some(end)) => return Poll::Ready(Ok(end)),
                Poll::Ready(None) => woken = false,
                Poll::Pending => {
                    self.idle = step == Step::Head && !blocked;
                    return Poll::Pending;
                }
            }
        }
    }

    /// Writes the output; ready when all of it is out.
    #[inline]
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.exchange.output.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut progress = false;
        let polled = self.exchange.output.poll_write(cx, &mut self.stream, &mut progress);
        if progress {
            self.patience.written();
        }
        polled
    }

    /// Sends the next part of the file; pending while the client takes nothing.
    fn poll_file(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(file) = self.exchange.file() else { return Poll::Ready(Ok(())) };
        let left = file.left();
        if left.is_empty() {
            self.exchange.answer_given();
            return Poll::Ready(Ok(()));
        }
        match ready!(self.stream.poll_send_file(cx, file.file(), left.start, left.end - left.start)) {
            Ok(0) => self.exchange.break_off(&Error::from(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Ok(count) => {
                file.advance(count);
                self.patience.written();
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.exchange.read_file(),
            Err(error) => return Poll::Ready(Err(error)),
        }
        Poll::Ready(Ok(()))
    }

    /// What is left of it for another protocol.
    fn into_upgraded(self) -> Upgraded {
        Upgraded::new(self.stream, self.exchange.input, self.watch.into_drain().wait())
    }

    fn hand_over(&mut self) -> End {
        match self.exchange.work.take() {
            Some(Work::Upgrade(on_upgrade)) => End::Upgrade(on_upgrade),
            _ => End::Closed(Ending::Orderly),
        }
    }

    /// Whether it is time to read.
    #[inline]
    fn wants_bytes(&self, step: Step, blocked: bool) -> bool {
        match step {
            // Those who wait for the end must be told of it again.
            Step::Head => !blocked,
            Step::Body | Step::Rest => true,
            // What comes now belongs to the next request, unless a body is on its way.
            Step::Watch => !self.ended && self.exchange.intake.is_over() && self.exchange.input.len() < READ,
            Step::Write | Step::File | Step::Upgrade | Step::Http2 | Step::Close => false,
        }
    }

    /// Reads once. An idle connection keeps no buffer.
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, step: Step) -> Poll<io::Result<usize>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let Exchange { input, output, intake, .. } = &mut self.exchange;
        if input.capacity() == 0 {
            buffers::take(input, output.buffer());
        } else if input.capacity() - input.len() < ROOM {
            let missing = if step == Step::Body { intake.decoder.missing() } else { None };
            input.reserve(missing.map_or(READ, |missing| (missing as usize).clamp(READ, LARGE)));
        }
        match self.stream.poll_fill(cx, input) {
            Poll::Pending if step == Step::Head && input.is_empty() => {
                buffers::give(input, output.buffer());
                Poll::Pending
            }
            // Whoever is at work without its client finds out when it answers.
            Poll::Ready(Err(error)) if step != Step::Head => {
                tracing::debug!(peer = ?self.exchange.peer, %error, "the client is gone");
                Poll::Ready(Ok(0))
            }
            polled => polled,
        }
    }

    /// Something was read, or the client has come to its end.
    #[inline]
    fn took(&mut self, cx: &Context<'_>, step: Step, count: usize) -> Option<End> {
        self.patience.read(step, count);
        if count > 0 {
            return None;
        }
        self.ended = true;
        match step {
            Step::Head if self.exchange.is_idle() => return Some(End::Closed(Ending::Orderly)),
            Step::Head => self.exchange.refuse(Refusal::bad("the connection ended within the head")),
            Step::Rest => self.exchange.close(Ending::Orderly),
            _ => {
                if step == Step::Body {
                    let reason = "the connection ended within the body";
                    self.exchange.fail_body(cx, StatusCode::BAD_REQUEST, reason);
                }
                self.exchange.abandon();
            }
        }
        None
    }

    /// Nothing moves: waits until that has lasted too long.
    #[inline]
    fn poll_alarm(
        &mut self,
        cx: &mut Context<'_>,
        step: Step,
        blocked: bool,
        woken: bool,
    ) -> Poll<io::Result<Option<End>>> {
        let Self { watch, patience, exchange, .. } = self;
        let stopping = watch.is_stopping();
        if stopping && !blocked && step == Step::Head && exchange.is_idle() && !watch.is_handover() {
            return Poll::Ready(Ok(Some(End::Closed(Ending::Orderly))));
        }
        let deadline = patience.deadline(step, blocked, stopping, exchange);
        if deadline == u64::MAX {
            // Nothing but the stop of the server ends an answer that has no end.
            return if exchange.is_endless() {
                watch.poll_stop(cx).map(|()| Ok(None))
            } else {
                Poll::Pending
            };
        }
        let on_stop = if stopping { OnStop::GoOn } else { OnStop::End };
        match ready!(watch.poll(cx, deadline, on_stop, woken)) {
            // It has come in this very moment.
            Alarm::Stop => Poll::Ready(Ok(None)),
            Alarm::Deadline => Poll::Ready(self.expired(cx, step, blocked, deadline)),
        }
    }

    /// A deadline is past.
    #[cold]
    fn expired(
        &mut self,
        cx: &Context<'_>,
        step: Step,
        blocked: bool,
        deadline: u64,
    ) -> io::Result<Option<End>> {
        if blocked && self.patience.is_stalled(deadline) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if deadline == handler_deadline(&self.exchange) {
            self.exchange.time_out();
            return Ok(None);
        }
        match step {
            Step::Head if self.exchange.is_idle() => return Ok(Some(End::Closed(Ending::Orderly))),
            Step::Head => self.exchange.refuse(SLOW_HEAD),
            Step::Rest => self.exchange.close(Ending::Linger),
            _ => {
                let reason = "the body did not arrive in time";
                self.exchange.fail_body(cx, StatusCode::REQUEST_TIMEOUT, reason);
            }
        }
        Ok(None)
    }
}

const SLOW_HEAD: Refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "the head did not arrive in time");
