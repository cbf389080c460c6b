//! What is to be written.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::transport::Transport;
use crate::payload::Body;

/// Beyond this much it is written before more is made.
const FULL: usize = 64 * 1024;
/// A piece from this size on is written from where it is, beside the buffer.
const ASIDE: usize = 16 * 1024;
/// A buffer that grew beyond this is given back once it is empty.
const KEPT: usize = 64 * 1024;
/// Most parts that one write takes.
const PARTS: usize = 16;

/// Heads and small pieces in one buffer, and large pieces that stand between two of its bytes.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Bytes of the buffer that are written.
    written: usize,
    asides: VecDeque<Aside>,
    /// Bytes that stand aside.
    aside: usize,
}

struct Aside {
    /// How many bytes of the buffer go before it.
    at: usize,
    bytes: Bytes,
}

impl Output {
    /// The buffer to encode into.
    #[inline]
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Adds a body that is in memory.
    #[inline]
    pub(super) fn body(&mut self, body: &mut Body) {
        match body.as_bytes() {
            Some(bytes) if bytes.len() < ASIDE => self.bytes.extend_from_slice(bytes),
            _ => self.set_aside(body.take_bytes()),
        }
    }

    /// Adds a piece of a body.
    pub(super) fn piece(&mut self, piece: Bytes) {
        if piece.len() < ASIDE {
            self.bytes.extend_from_slice(&piece);
        } else {
            self.set_aside(piece);
        }
    }

    fn set_aside(&mut self, bytes: Bytes) {
        self.aside += bytes.len();
        self.asides.push_back(Aside { at: self.bytes.len(), bytes });
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == self.written && self.asides.is_empty()
    }

    /// Whether some of it must be written before there is more.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() - self.written + self.aside >= FULL
    }

    /// Writes some of it; ready when all is written or an error ends it. Sets `progress` with each write.
    #[inline]
    pub(super) fn poll_write<S: Transport>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        progress: &mut bool,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let written = if self.asides.is_empty() {
                let bytes = self.bytes.get(self.written..).unwrap_or_default();
                match stream.try_write(bytes) {
                    Err(error)
                        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
                    {
                        Pin::new(&mut *stream).poll_write(cx, bytes)
                    }
                    written => Poll::Ready(written),
                }
            } else {
                self.poll_write_parts(cx, Pin::new(&mut *stream))
            };
            match written {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.advance(count),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.shift();
                    return Poll::Pending;
                }
            }
            *progress = true;
        }
        self.reset();
        Poll::Ready(Ok(()))
    }

    fn poll_write_parts<S: AsyncWrite>(
        &self,
        cx: &mut Context<'_>,
        stream: Pin<&mut S>,
    ) -> Poll<io::Result<usize>> {
        let mut parts = [IoSlice::new(&[]); PARTS];
        let (mut count, mut from) = (0, self.written);
        let mut add = |part| {
            if let Some(place) = parts.get_mut(count) {
                *place = IoSlice::new(part);
                count += 1;
            }
        };
        for aside in self.asides.iter().take(PARTS / 2) {
            if aside.at > from {
                add(self.bytes.get(from..aside.at).unwrap_or_default());
            }
            add(&aside.bytes);
            from = aside.at;
        }
        if self.asides.len() < PARTS / 2 && self.bytes.len() > from {
            add(self.bytes.get(from..).unwrap_or_default());
        }
        let count = ready!(stream.poll_write_vectored(cx, parts.get(..count).unwrap_or_default()))?;
        Poll::Ready(Ok(count))
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(aside) = self.asides.front_mut() {
            let before = count.min(aside.at - self.written);
            self.written += before;
            count -= before;
            if count < aside.bytes.len() {
                aside.bytes.advance(count);
                self.aside -= count;
                return;
            }
            count -= aside.bytes.len();
            self.aside -= aside.bytes.len();
            self.asides.pop_front();
        }
        self.written += count;
    }

    /// Gives up the written front of a buffer that grows while a slow client takes it.
    fn shift(&mut self) {
        if self.written >= FULL {
            self.bytes.drain(..self.written);
            for aside in &mut self.asides {
                aside.at -= self.written;
            }
            self.written = 0;
        }
    }

    #[inline]
    fn reset(&mut self) {
        self.written = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}
