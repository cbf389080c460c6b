//! A body that is compressed while it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use compression_codecs::core::Level;
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::{BrotliEncoder, EncodeV2, GzipEncoder, ZlibEncoder, ZstdEncoder};
use http::HeaderMap;
use http_body::Frame;

use crate::error::Error;
use crate::payload::Body;
use crate::request::coding::Coding;

/// What is compressed between two looks at other tasks: about a millisecond of work.
pub(super) const SLICE: usize = 32 * 1024;
/// Where the codec writes to.
const SCRATCH: usize = 8 * 1024;
/// A window of 512 KiB: what a stream may cost in memory, for a percent or two of its size.
const WINDOW_LOG: u8 = 19;

pub(super) type Encoder = Box<dyn EncodeV2 + Send>;

/// An encoder of a coding; each has a level of its own scale.
pub(super) fn encoder(coding: Coding, level: i32) -> Encoder {
    use compression_codecs::brotli::params::EncoderParams;
    use compression_codecs::zstd::params::CParameter;

    match coding {
        Coding::Gzip => Box::new(GzipEncoder::new(Level::Precise(level).into())),
        Coding::Deflate => Box::new(ZlibEncoder::new(Level::Precise(level).into())),
        Coding::Brotli => {
            let params = EncoderParams::default().quality(Level::Precise(level));
            Box::new(BrotliEncoder::new(params.window_size(i32::from(WINDOW_LOG))))
        }
        Coding::Zstd => {
            let window = CParameter::window_log(u32::from(WINDOW_LOG));
            Box::new(ZstdEncoder::new_with_params(level, &[window]))
        }
    }
}

/// Compresses a whole body at once.
///
/// # Errors
///
/// What the codec gives; none is known.
pub(super) fn whole(mut encoder: Encoder, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut output = Vec::with_capacity(bytes.len() / 2);
    encode(&mut *encoder, bytes, &mut output)?;
    finish(&mut *encoder, &mut output)?;
    Ok(output)
}

/// Compresses a piece; the encoder may hold some of it back.
pub(super) fn encode(
    encoder: &mut (dyn EncodeV2 + Send),
    bytes: &[u8],
    output: &mut Vec<u8>,
) -> io::Result<()> {
    let mut input = PartialBuffer::new(bytes);
    drain(output, |out| {
        encoder.encode(&mut input, out)?;
        Ok(input.unwritten().is_empty() && !out.has_no_spare_space())
    })
}

/// Gives what the encoder holds back, and its end.
pub(super) fn finish(encoder: &mut (dyn EncodeV2 + Send), output: &mut Vec<u8>) -> io::Result<()> {
    drain(output, |out| encoder.finish(out))
}

/// Calls the codec until it says that it is done.
fn drain(
    output: &mut Vec<u8>,
    mut step: impl FnMut(&mut WriteBuffer<'_>) -> io::Result<bool>,
) -> io::Result<()> {
    let mut scratch = [0; SCRATCH];
    loop {
        let mut out = WriteBuffer::new_initialized(&mut scratch);
        let done = step(&mut out)?;
        output.extend_from_slice(out.written());
        if done {
            return Ok(());
        }
    }
}

/// A body behind an encoder.
///
/// It compresses what is there, a slice at a time; when nothing more is there for now, what has been compressed is
/// flushed, so that each event of a stream arrives when it happens.
pub(super) struct Encoded {
    body: Body,
    encoder: Encoder,
    /// Read, not compressed yet.
    input: Bytes,
    /// Compressed since others had their turn.
    worked: usize,
    stage: Stage,
}

enum Stage {
    Reading {
        /// Whether the encoder holds something back.
        held: bool,
    },
    /// The last frame, if there are trailers.
    Trailers(Option<HeaderMap>),
}

impl Encoded {
    pub(super) fn new(body: Body, encoder: Encoder) -> Self {
        Self { body, encoder, input: Bytes::new(), worked: 0, stage: Stage::Reading { held: false } }
    }

    /// Compresses the next slice of the input.
    fn work(&mut self) -> io::Result<Vec<u8>> {
        let slice = self.input.split_to(self.input.len().min(SLICE));
        self.worked += slice.len();
        let mut output = Vec::new();
        encode(&mut *self.encoder, &slice, &mut output)?;
        Ok(output)
    }

    fn flush(&mut self) -> io::Result<Vec<u8>> {
        let mut output = Vec::new();
        drain(&mut output, |out| self.encoder.flush(out))?;
        Ok(output)
    }

    fn finish(&mut self, trailers: Option<HeaderMap>) -> io::Result<Vec<u8>> {
        self.stage = Stage::Trailers(trailers);
        let mut output = Vec::new();
        finish(&mut *self.encoder, &mut output)?;
        Ok(output)
    }
}

impl http_body::Body for Encoded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        loop {
            let Stage::Reading { held } = &mut this.stage else {
                let Stage::Trailers(trailers) = &mut this.stage else { return Poll::Ready(None) };
                return Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
            };
            if this.worked >= SLICE {
                this.worked = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let output = if this.input.is_empty() {
                match Pin::new(&mut this.body).poll_frame(cx) {
                    Poll::Pending if *held => {
                        *held = false;
                        this.flush()?
                    }
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(None) => this.finish(None)?,
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => {
                            this.input = data;
                            continue;
                        }
                        Err(other) => this.finish(other.into_trailers().ok())?,
                    },
                }
            } else {
                *held = true;
                this.work()?
            };
            if !output.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(output.into()))));
            }
        }
    }
}
