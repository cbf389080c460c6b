//! What is to be written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use crate::payload::Body;

/// Beyond this much the batch is written before more requests are answered.
const FULL: usize = 64 * 1024;
/// A body from this size on is written from where it is, beside the buffer.
const ASIDE: usize = 32 * 1024;
/// A buffer that grew beyond this is given back once it is empty.
const KEPT: usize = 64 * 1024;

/// The answers of a batch: heads and small bodies in one buffer, a large body beside it at the end.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Bytes of the buffer that are written.
    written: usize,
    aside: Bytes,
}

impl Output {
    /// The buffer to encode into. Nothing may be encoded while a body stands aside: it comes last.
    #[inline]
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Adds the body of the answer whose head is the last thing in the buffer.
    #[inline]
    pub(super) fn body(&mut self, mut body: Body) {
        match body.as_bytes() {
            Some(bytes) if bytes.len() < ASIDE => self.bytes.extend_from_slice(bytes),
            _ => self.aside = body.take_bytes(),
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == self.written && self.aside.is_empty()
    }

    /// Whether it must be written before the next answer.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL || !self.aside.is_empty()
    }

    /// Writes some of it; ready when all is written or an error ends it. `progress` is called for each write.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        progress: &mut bool,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let rest = self.bytes.get(self.written..).unwrap_or_default();
            let mut stream = Pin::new(&mut *stream);
            let count = if self.aside.is_empty() {
                ready!(stream.as_mut().poll_write(cx, rest))?
            } else if rest.is_empty() {
                ready!(stream.as_mut().poll_write(cx, &self.aside))?
            } else {
                let parts = [IoSlice::new(rest), IoSlice::new(&self.aside)];
                ready!(stream.as_mut().poll_write_vectored(cx, &parts))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *progress = true;
            let of_buffer = count.min(rest.len());
            self.written += of_buffer;
            self.aside.advance(count - of_buffer);
        }
        self.reset();
        Poll::Ready(Ok(()))
    }

    fn reset(&mut self) {
        self.written = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}
