//! A body that is decompressed while it is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{BrotliDecoder, DecodeV2, GzipDecoder, ZlibDecoder, ZstdDecoder};
use http::StatusCode;
use http_body::Frame;

use super::decompression::Bounds;
use crate::error::Error;
use crate::payload::Body;
use crate::request::coding::Coding;

/// The most that is decompressed at once, whatever the input: what a bomb can take.
const PIECE: usize = 16 * 1024;
/// What is decompressed between two looks at other tasks.
const TURN: usize = 128 * 1024;
/// The ratio counts from here on: a short text may well shrink much.
const UNBOUND: u64 = 64 * 1024;
/// The largest window that the coding of HTTP has: 8 MiB (RFC 9659).
const WINDOW_LOG: u32 = 23;

/// A body behind a decoder.
pub(super) struct Decoded {
    body: Body,
    coding: Coding,
    decoder: Box<dyn DecodeV2 + Send>,
    bounds: Bounds,
    /// Read, not decompressed yet.
    input: Bytes,
    /// The decoder has more than the last piece could take.
    full: bool,
    /// A member has ended; another may follow.
    ended: bool,
    taken: u64,
    given: u64,
    /// Decompressed since others had their turn.
    worked: usize,
}

impl Decoded {
    pub(super) fn new(body: Body, coding: Coding, bounds: Bounds) -> Self {
        let decoder: Box<dyn DecodeV2 + Send> = match coding {
            Coding::Gzip => Box::new(GzipDecoder::new()),
            Coding::Deflate => Box::new(ZlibDecoder::new()),
            Coding::Brotli => Box::new(BrotliDecoder::new()),
            Coding::Zstd => Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(WINDOW_LOG)])),
        };
        let (input, full, ended) = (Bytes::new(), false, false);
        Self { body, coding, decoder, bounds, input, full, ended, taken: 0, given: 0, worked: 0 }
    }

    /// Whether the codings' members may follow each other.
    fn has_members(&self) -> bool {
        matches!(self.coding, Coding::Gzip | Coding::Zstd)
    }

    /// Decompresses at most a piece.
    fn step(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        if self.ended && !self.input.is_empty() {
            if !self.has_members() {
                return Err(io::Error::other("bytes follow its end"));
            }
            self.decoder.reinit()?;
            self.ended = false;
        }
        let mut out = WriteBuffer::new_initialized(piece);
        let mut input = PartialBuffer::new(&*self.input);
        // Inflate takes a call without input as a fault, the others tell their end only so.
        let done = match self.coding {
            Coding::Gzip | Coding::Deflate if self.input.is_empty() => {
                self.decoder.flush(&mut out)?;
                false
            }
            _ => self.decoder.decode(&mut input, &mut out)?,
        };
        let (read, written) = (input.written_len(), out.written_len());
        self.full = out.has_no_spare_space();
        let _used = self.input.split_to(read);
        self.ended |= done;
        Ok(written)
    }

    /// The input has ended.
    fn finish(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        if self.ended || self.taken == 0 {
            self.ended = true;
            return Ok(0);
        }
        let mut out = WriteBuffer::new_initialized(piece);
        self.ended = self.decoder.finish(&mut out)?;
        Ok(out.written_len())
    }

    fn check(&mut self, written: usize) -> Result<(), Error> {
        self.given += written as u64;
        self.worked += written;
        let Bounds { limit, ratio } = self.bounds;
        if self.given > limit {
            return Err(too_large(format!("the body is larger than {limit} bytes once it is decompressed")));
        }
        if self.given > UNBOUND && self.given / u64::from(ratio) > self.taken {
            return Err(too_large(format!(
                "the body grows by more than {ratio} times when it is decompressed"
            )));
        }
        Ok(())
    }

    fn malformed(&self, error: &io::Error) -> Error {
        Error::bad_request(format!("the body is no valid {}: {error}", self.coding.name()))
    }
}

fn too_large(message: String) -> Error {
    Error::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

impl http_body::Body for Decoded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let mut piece = [0; PIECE];
        loop {
            if this.worked >= TURN {
                this.worked = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let stepped = if !this.input.is_empty() || (this.full && !this.ended) {
                this.step(&mut piece)
            } else {
                match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                    None => match this.finish(&mut piece) {
                        Ok(0) if this.ended => return Poll::Ready(None),
                        finished => finished,
                    },
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Some(Ok(frame)) => {
                        // Trailers would tell of the body as it was sent.
                        if let Ok(data) = frame.into_data() {
                            this.taken += data.len() as u64;
                            this.input = data;
                        }
                        continue;
                    }
                }
            };
            let written = stepped.map_err(|error| this.malformed(&error))?;
            this.check(written)?;
            if let Some(written @ [_, ..]) = piece.get(..written) {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(written)))));
            }
        }
    }
}
