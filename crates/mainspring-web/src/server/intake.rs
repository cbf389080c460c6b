//! A request's body on its way from the input to its reader.

use std::task::Context;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::exchange::Exchange;
use super::output::Output;
use super::stage::{Ending, Rest, Stage, Step};
use crate::http1::{CONTINUE, Decoder, Piece, Refusal, Trailers};
use crate::payload::{Body, Demand, Pipe, Reader, pipe};

/// How much of a body that nobody wants is read, so that the connection can go on.
pub(super) const REST: usize = 64 * 1024;

/// The decoder and, while a body is not at its end, the pipe to its reader.
pub(super) struct Intake {
    pub(super) decoder: Decoder,
    pipe: Option<Pipe>,
    /// The client waits for `100 Continue`.
    expects: bool,
    /// The body ended in a way that leaves unknown what follows.
    broken: bool,
}

/// What became of what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pump {
    /// The reader has got something and must be polled again.
    Again,
    /// The reader waits for more.
    Read,
    /// The reader has more than enough for now.
    Full,
    /// Nobody reads it.
    Gone,
    /// There is no body, or no more of it.
    Over,
}

impl Intake {
    pub(super) fn new(decoder: Decoder) -> Self {
        Self { decoder, pipe: None, expects: false, broken: false }
    }

    /// Takes the body of the head that has just been decoded, or what is there of it.
    #[inline]
    pub(super) fn begin(
        &mut self,
        cx: &Context<'_>,
        input: &mut BytesMut,
        expects: bool,
    ) -> Result<Body, Refusal> {
        let length = self.decoder.missing();
        if length == Some(0) {
            return Ok(Body::empty());
        }
        let mut body = BytesMut::new();
        loop {
            match self.decoder.body(input)? {
                None => break,
                Some(Piece::End) => return Ok(Body::from(body.freeze())),
                Some(Piece::Data(piece)) if body.is_empty() => body = piece,
                Some(Piece::Data(piece)) => body.extend_from_slice(&piece),
            }
        }
        Ok(self.attach(cx, length, body, expects))
    }

    #[cold]
    fn attach(&mut self, cx: &Context<'_>, length: Option<u64>, body: BytesMut, expects: bool) -> Body {
        let (pipe, incoming) = pipe();
        // Who has begun to send does not wait.
        self.expects = expects && body.is_empty();
        if !body.is_empty() {
            let _nobody_reads_yet = pipe.push(cx, body.freeze());
        }
        self.pipe = Some(pipe);
        Body::erase(length, incoming)
    }

    /// Whether no body is on its way.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.pipe.is_none()
    }

    /// Whether the connection can go on after the answer, as far as the body is concerned.
    #[inline]
    pub(super) fn keeps(&self) -> bool {
        !self.broken && self.pipe.as_ref().is_none_or(|pipe| self.keeps_rest(pipe))
    }

    #[cold]
    fn keeps_rest(&self, pipe: &Pipe) -> bool {
        // What is not read now is dropped later, if it is not too much of it.
        pipe.is_read() || (!self.expects && self.decoder.missing().is_none_or(|left| left <= REST as u64))
    }

    /// An answer is given. Whoever may still want the body gets it asked for before it is too late.
    pub(super) fn settle(&mut self, output: &mut Output) {
        if self.expects && self.pipe.as_ref().is_some_and(Pipe::is_read) {
            self.expects = false;
            output.buffer().extend_from_slice(CONTINUE);
        }
    }

    /// Moves what is there of the body to its reader.
    pub(super) fn pump(&mut self, cx: &Context<'_>, input: &mut BytesMut, output: &mut Output) -> Pump {
        let Some(pipe) = &self.pipe else { return Pump::Over };
        let mut again = false;
        let pump = loop {
            match pipe.demand(cx) {
                Demand::Gone => return Pump::Gone,
                Demand::Full => break Pump::Full,
                Demand::Room if self.expects && input.is_empty() => break Pump::Full,
                Demand::Wanted if self.expects && input.is_empty() => {
                    output.buffer().extend_from_slice(CONTINUE);
                }
                Demand::Room | Demand::Wanted => {}
            }
            self.expects = false;
            match self.decoder.body(input) {
                Ok(None) => break Pump::Read,
                Ok(Some(Piece::Data(piece))) => again |= pipe.push(cx, piece.freeze()) == Reader::Here,
                Ok(Some(Piece::End)) => break self.end(cx, None),
                Err(refusal) => break self.end(cx, Some(refusal)),
            }
        };
        if again { Pump::Again } else { pump }
    }

    /// The body is at its end, whole or not.
    fn end(&mut self, cx: &Context<'_>, refusal: Option<Refusal>) -> Pump {
        self.broken |= refusal.is_some();
        let Some(pipe) = self.pipe.take() else { return Pump::Over };
        let reader = match refusal {
            None => pipe.finish(cx, trailers(&self.decoder.trailers())),
            Some(refusal) => pipe.fail(cx, refusal),
        };
        if reader == Reader::Here { Pump::Again } else { Pump::Over }
    }

    /// The rest of the body will not come.
    pub(super) fn fail(&mut self, cx: &Context<'_>, refusal: Refusal) {
        self.end(cx, Some(refusal));
    }

    /// Nobody is to read on.
    pub(super) fn cut(&mut self) {
        self.broken |= self.pipe.take().is_some();
    }
}

/// The trailers as the `http-body` crate has them.
fn trailers(trailers: &Trailers) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in trailers.fields() {
        // Checked when they were read; what the `http` crate holds stricter is passed over.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            map.append(name, value);
        }
    }
    (!map.is_empty()).then_some(map)
}

impl Exchange {
    /// The exchange is over but for the request's body: sees that it comes to its end.
    pub(super) fn poll_rest(&mut self, cx: &mut Context<'_>, rest: Rest) -> Option<Step> {
        match self.intake.pump(cx, &mut self.input, &mut self.output) {
            Pump::Again => None,
            Pump::Read => Some(Step::Body),
            Pump::Full => Some(Step::Watch),
            Pump::Over => {
                self.over(rest.ending);
                None
            }
            Pump::Gone if rest.ending.is_some() || self.intake.expects => {
                self.close(Ending::Linger);
                None
            }
            Pump::Gone => self.discard(rest),
        }
    }

    /// Drops what comes of a body that nobody wants.
    fn discard(&mut self, mut rest: Rest) -> Option<Step> {
        loop {
            match self.intake.decoder.body(&mut self.input) {
                Ok(None) => {
                    self.stage = Stage::Rest(rest);
                    return Some(Step::Rest);
                }
                Ok(Some(Piece::Data(piece))) if piece.len() <= rest.left => rest.left -= piece.len(),
                Ok(Some(Piece::End)) => {
                    self.intake.pipe = None;
                    self.stage = Stage::Head;
                    return None;
                }
                Ok(Some(Piece::Data(_))) | Err(_) => {
                    self.close(Ending::Linger);
                    return None;
                }
            }
        }
    }

    /// The answer is given: goes on to the next request when the body of this one allows it.
    #[inline]
    pub(super) fn answered(&mut self, ending: Option<Ending>) {
        if self.intake.is_over() {
            self.over(ending);
        } else {
            self.stage = Stage::Rest(Rest { left: REST, ending });
        }
    }

    #[inline]
    fn over(&mut self, ending: Option<Ending>) {
        self.stage = match ending {
            _ if self.intake.broken => Stage::Closed(Ending::Linger),
            None => Stage::Head,
            Some(ending) => Stage::Closed(ending),
        };
    }

    /// What the client sends of its body ends here.
    pub(super) fn fail_body(&mut self, cx: &Context<'_>, status: StatusCode, reason: &'static str) {
        self.intake.fail(cx, Refusal::new(status, reason));
    }
}
