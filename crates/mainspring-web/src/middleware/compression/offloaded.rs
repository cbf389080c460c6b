//! A large body in memory that is compressed beside the task that sends it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use mainspring_task::blocking::{Job, Pool, run_in};

use super::encoded::{Encoder, encode, finish};
use crate::error::Error;

/// What is compressed in one trip to the pool: about ten milliseconds of work.
const PIECE: usize = 256 * 1024;
/// From here on a trip to the pool pays.
pub(super) const LARGE: usize = PIECE;

/// Bytes that are compressed on the pool for code that computes, a piece at a time: no faster than the client takes
/// them, and no longer than it stays.
pub(super) struct Offloaded {
    state: State,
}

enum State {
    /// What is left, and who compresses it.
    Idle(Bytes, Encoder),
    Working(Job<io::Result<Step>>),
    Done,
}

/// What a trip gives.
struct Step {
    output: Vec<u8>,
    /// What is left, unless that was the last piece.
    rest: Option<(Bytes, Encoder)>,
}

impl Offloaded {
    pub(super) fn new(bytes: Bytes, encoder: Encoder) -> Self {
        Self { state: State::Idle(bytes, encoder) }
    }
}

fn step(mut bytes: Bytes, mut encoder: Encoder) -> io::Result<Step> {
    let mut output = Vec::new();
    let piece = bytes.split_to(bytes.len().min(PIECE));
    encode(&mut *encoder, &piece, &mut output)?;
    if bytes.is_empty() {
        finish(&mut *encoder, &mut output)?;
        return Ok(Step { output, rest: None });
    }
    Ok(Step { output, rest: Some((bytes, encoder)) })
}

impl http_body::Body for Offloaded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            let mut job = match std::mem::replace(&mut self.state, State::Done) {
                State::Idle(bytes, encoder) => run_in(Pool::cpu(), move || step(bytes, encoder)),
                State::Working(job) => job,
                State::Done => return Poll::Ready(None),
            };
            let Poll::Ready(outcome) = Pin::new(&mut job).poll(cx) else {
                self.state = State::Working(job);
                return Poll::Pending;
            };
            let Step { output, rest } = outcome??;
            if let Some((bytes, encoder)) = rest {
                self.state = State::Idle(bytes, encoder);
            }
            // The codec may keep what it was given.
            if !output.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(output.into()))));
            }
        }
    }
}
