//! A connection that goes on in another protocol.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The connection after a `101 Switching Protocols`: raw bytes both ways.
///
/// It first gives what the client sent right behind its request. The connection ends when it is dropped; the
/// server waits for the end of whoever has it when the process stops, and says so by
/// [`stopping`](Self::stopping).
pub struct Upgraded {
    io: Box<dyn Duplex>,
    /// Read together with the request, not given out yet.
    input: BytesMut,
    stopping: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// What speaks on the connection.
pub(crate) type OnUpgrade = Box<dyn FnOnce(Upgraded) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Upgraded {
    pub(crate) fn new(
        io: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
        input: BytesMut,
        stopping: impl Future<Output = ()> + Send + Sync + 'static,
    ) -> Self {
        Self { io: Box::new(io), input, stopping: Box::pin(stopping) }
    }

    /// Waits until the server stops; a protocol then says farewell in its own way and ends.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Must not be awaited again once it has returned.
    pub async fn stopping(&mut self) {
        self.stopping.as_mut().await;
    }

    /// The same for whoever polls by hand.
    pub(crate) fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stopping.as_mut().poll(cx)
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.input.is_empty() {
            return Pin::new(&mut *self.io).poll_read(cx, buffer);
        }
        let count = self.input.len().min(buffer.remaining());
        buffer.put_slice(&self.input[..count]);
        self.input.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").field("input", &self.input.len()).finish_non_exhaustive()
    }
}
