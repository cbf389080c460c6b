//! How much a connection reads before others have their turn.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::yield_now;

/// Bytes that are read in a turn: a few thousand of the smallest frames.
const TURN: usize = 32 * 1024;

/// What is left of a connection's turn, which is one poll of its task.
///
/// The `h2` crate works off all frames that have come before it lets go, and a client may send them as fast as
/// they are worked off.
#[derive(Clone)]
pub(super) struct Turn {
    left: Arc<AtomicUsize>,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self { left: Arc::new(AtomicUsize::new(TURN)) }
    }

    /// Does the work of a connection, a turn at a time.
    pub(super) async fn pace<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.left.store(TURN, Ordering::Relaxed);
            let polled = work.as_mut().poll(cx);
            if polled.is_pending() && self.left.load(Ordering::Relaxed) == 0 {
                // Wakes this task when the others, and the sockets, have had their turn.
                let _later = pin!(yield_now()).poll(cx);
            }
            polled
        })
        .await
    }
}

/// A stream of bytes from which no more is read than the turn allows.
pub(super) struct Paced<S> {
    io: S,
    turn: Turn,
}

impl<S> Paced<S> {
    pub(super) fn new(io: S, turn: Turn) -> Self {
        Self { io, turn }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.turn.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        let count = buffer.filled().len() - before;
        self.turn.left.store(left.saturating_sub(count), Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
