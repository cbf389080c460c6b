//! Answers, whole or piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body as _, Frame};
use tokio::task::coop;

use super::exchange::Exchange;
use super::output::Output;
use super::stage::{Ending, Step, Turn, Work};
use crate::error::Error;
use crate::http1::{Coding, Connection, Version, encode};
use crate::payload::{Body, FileBody, Source};
use crate::response::{IntoResponse, Response};

/// An answer whose head is given and whose body is on its way.
pub(super) struct Answer {
    source: Streamed,
    coding: Coding,
    turn: Turn,
    /// How the connection ends after it, if it does.
    ending: Option<Ending>,
}

enum Streamed {
    Body(Body),
    /// Sent by the system, or read if it cannot.
    File(Box<FileBody>),
    Read(Box<FileBody>),
}

/// How far an answer has come.
enum Fill {
    Done,
    /// The output must be written first.
    Full,
    Pending,
    Broken(Error),
}

impl Exchange {
    /// Gives the answer, or its head when the body comes later.
    #[inline]
    pub(super) fn answer(&mut self, response: &mut Response, turn: Turn) {
        let keep = turn.keep_alive
            && !self.stopping
            && !response.closes()
            && self.intake.keeps()
            && self.heads < self.most
            && self.site.clock.now() < self.expires;
        let ending = match (keep, turn.keep_alive) {
            (true, _) => None,
            (false, true) => Some(Ending::Linger),
            (false, false) => Some(Ending::Orderly),
        };
        match response.body().as_bytes() {
            Some(bytes) if !response.status().is_informational() => {
                let coding = Coding::Length(bytes.len() as u64);
                if self.head(response, turn, coding, ending.is_none()) {
                    self.output.body(response.body_mut());
                }
                self.answered(ending);
            }
            _ => self.answer_rarely(response, turn, ending),
        }
    }

    /// Encodes the head; whether a body must follow.
    #[inline]
    fn head(&mut self, response: &Response, turn: Turn, coding: Coding, keep: bool) -> bool {
        if !self.intake.is_over() {
            self.intake.settle(&mut self.output);
        }
        let connection = match turn.version {
            _ if !keep => Connection::Close,
            Version::Http10 => Connection::KeepAlive,
            _ => Connection::Persistent,
        };
        let date = self.date.refresh(&self.site.clock);
        encode(self.output.buffer(), response, turn.head_only, coding, connection, date)
    }

    /// Streams, files, upgrades.
    #[inline(never)]
    fn answer_rarely(&mut self, response: &mut Response, turn: Turn, ending: Option<Ending>) {
        if response.body().is_upgrade() || response.status().is_informational() {
            return self.upgrade(response, turn);
        }
        let (coding, ending) = match (response.body().len(), turn.version) {
            (Some(length), _) => (Coding::Length(length), ending),
            (None, Version::Http10) if turn.head_only => (Coding::Close, ending),
            (None, Version::Http10) => (Coding::Close, ending.or(Some(Ending::Linger))),
            (None, _) => (Coding::Chunked, ending),
        };
        let body = std::mem::take(response.body_mut());
        if !self.head(response, turn, coding, ending.is_none()) {
            drop(body);
            return self.answered(ending);
        }
        let source = match body.into_source() {
            Source::File(file) => Streamed::File(file),
            Source::Stream(body) | Source::Bytes(body) => Streamed::Body(body),
            Source::Upgrade(_) => Streamed::Body(Body::empty()),
        };
        self.begin_work(Work::Answer(Box::new(Answer { source, coding, turn, ending })));
    }

    /// Hands the connection over, if that is what the client has asked for.
    fn upgrade(&mut self, response: &mut Response, turn: Turn) {
        let body = std::mem::take(response.body_mut());
        let fits =
            turn.upgrade && response.status() == StatusCode::SWITCHING_PROTOCOLS && self.intake.is_over();
        match body.into_source() {
            Source::Upgrade(on_upgrade) if fits => {
                let date = self.date.refresh(&self.site.clock);
                let coding = Coding::Length(0);
                encode(self.output.buffer(), response, true, coding, Connection::Upgrade, date);
                self.begin_work(Work::Upgrade(on_upgrade));
            }
            _ => {
                let route = self.route(turn);
                tracing::error!(
                    route,
                    status = response.status().as_u16(),
                    "the client did not ask for this answer"
                );
                let answer = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
                self.answer(&mut answer.into_response(), turn);
            }
        }
    }

    /// Goes on with the answer that is on its way.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Option<Step> {
        let Some(Work::Answer(answer)) = &mut self.work else { return None };
        if let Streamed::File(_) = answer.source {
            return Some(Step::File);
        }
        if self.stopping {
            answer.source.finish();
        }
        match answer.fill(cx, &mut self.output) {
            Fill::Full => Some(Step::Write),
            Fill::Pending => self.wait(cx),
            Fill::Done => {
                self.answer_given();
                None
            }
            Fill::Broken(error) => {
                self.break_off(&error);
                None
            }
        }
    }

    /// Whether the answer that is on its way has no end of its own.
    pub(super) fn is_endless(&self) -> bool {
        matches!(&self.work, Some(Work::Answer(answer)) if answer.source.is_endless())
    }

    /// The file that is to be sent, if it is.
    pub(super) fn file(&mut self) -> Option<&mut FileBody> {
        match &mut self.work {
            Some(Work::Answer(answer)) => match &mut answer.source {
                Streamed::File(file) => Some(file),
                Streamed::Body(_) | Streamed::Read(_) => None,
            },
            _ => None,
        }
    }

    /// The system does not send this file: it must be read.
    pub(super) fn read_file(&mut self) {
        if let Some(Work::Answer(answer)) = &mut self.work {
            answer.source = match std::mem::replace(&mut answer.source, Streamed::Body(Body::empty())) {
                Streamed::File(file) => Streamed::Read(file),
                other => other,
            };
        }
    }

    /// The answer's body is at its end.
    pub(super) fn answer_given(&mut self) {
        if let Some(Work::Answer(answer)) = self.work.take() {
            let ending = answer.ending.or(self.stopping.then_some(Ending::Linger));
            drop(answer);
            self.answered(ending);
        }
    }

    /// The answer cannot be given whole: the client must see that.
    #[cold]
    pub(super) fn break_off(&mut self, error: &Error) {
        let Some(Work::Answer(answer)) = &self.work else { return };
        let ending = if answer.coding == Coding::Close { Ending::Spoilt } else { Ending::Orderly };
        tracing::error!(route = self.route(answer.turn), peer = ?self.peer, %error, "the answer broke off");
        self.close(ending);
    }
}

impl Answer {
    pub(super) fn turn(&self) -> Turn {
        self.turn
    }

    /// Moves pieces to the output until it is full or none is ready.
    fn fill(&mut self, cx: &mut Context<'_>, output: &mut Output) -> Fill {
        // A stream that is always ready and a client that takes all of it must leave time for others.
        let Poll::Ready(turn) = coop::poll_proceed(cx) else { return Fill::Pending };
        turn.made_progress();
        while !output.is_full() {
            let frame = match self.source.poll_frame(cx) {
                Poll::Pending if self.coding == Coding::Length(0) => return Fill::Done,
                Poll::Pending => return Fill::Pending,
                Poll::Ready(Some(Err(error))) => return Fill::Broken(error),
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(None) => return self.finish(output),
            };
            match frame.into_data() {
                Ok(data) => {
                    if let Err(error) = self.put(output, data) {
                        return Fill::Broken(error);
                    }
                }
                Err(frame) => {
                    if let (Ok(trailers), Coding::Chunked) = (frame.into_trailers(), self.coding) {
                        end(output, if self.turn.trailers { Some(&trailers) } else { None });
                        return Fill::Done;
                    }
                }
            }
        }
        Fill::Full
    }

    fn put(&mut self, output: &mut Output, data: Bytes) -> Result<(), Error> {
        match &mut self.coding {
            // An empty chunk would be the last one.
            _ if data.is_empty() => {}
            Coding::Length(left) => {
                let rest = left.checked_sub(data.len() as u64);
                *left = rest.ok_or_else(|| mismatch("the stream is longer than it was said to be"))?;
                output.piece(data);
            }
            Coding::Chunked => {
                start_chunk(output.buffer(), data.len());
                output.piece(data);
                output.buffer().extend_from_slice(b"\r\n");
            }
            Coding::Close => output.piece(data),
        }
        Ok(())
    }

    /// The stream is at its end.
    fn finish(&self, output: &mut Output) -> Fill {
        match self.coding {
            Coding::Length(0) | Coding::Close => Fill::Done,
            Coding::Length(_) => Fill::Broken(mismatch("the stream is shorter than it was said to be")),
            Coding::Chunked => {
                end(output, None);
                Fill::Done
            }
        }
    }
}

impl Streamed {
    fn is_endless(&self) -> bool {
        matches!(self, Self::Body(body) if body.is_endless())
    }

    /// What has no end of its own ends here, in order.
    fn finish(&mut self) {
        if let Self::Body(body) = self {
            body.finish();
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self {
            Self::Body(body) => Pin::new(body).poll_frame(cx),
            Self::File(file) | Self::Read(file) => {
                let read = ready!(file.poll_read(cx));
                Poll::Ready(read.map(|piece| piece.map(Frame::data).map_err(Error::from)))
            }
        }
    }
}

/// The line before a chunk: its length in hexadecimal digits.
fn start_chunk(out: &mut Vec<u8>, length: usize) {
    let digits = (usize::BITS - length.leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        let nibble = (length >> (digit * 4)) & 0xf;
        out.push(b"0123456789abcdef"[nibble]);
    }
    out.extend_from_slice(b"\r\n");
}

/// The last chunk with its trailers.
fn end(output: &mut Output, trailers: Option<&HeaderMap>) {
    let out = output.buffer();
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.into_iter().flatten() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn mismatch(what: &'static str) -> Error {
    Error::new(StatusCode::INTERNAL_SERVER_ERROR, what)
}
