//! The half of a connection that knows no socket: requests in, answers out.

use std::any::Any;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use http::{Method, StatusCode};

use super::clock::{Clock, Date};
use super::output::Output;
use super::timeouts::Timeouts;
use crate::http1::{
    CONTINUE, Connection, Decoder, Expect, Head, Incoming, Limits, Piece, Refusal, Version, encode,
};
use crate::payload::Body;
use crate::request::Request;
use crate::response::{IntoResponse, Response};
use crate::route::{Found, Reply, Routes};

/// What all connections of a server share.
pub(super) struct Site {
    pub(super) routes: Arc<Routes>,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) clock: Arc<Clock>,
}

/// What the socket's half must do next. Whatever it is, the output is written first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Read more of a head, or wait for one.
    ReadHead,
    /// Read more of the body that is being collected.
    ReadBody,
    /// Nothing but write.
    Write,
    /// End the connection.
    Close(Linger),
}

/// Whether a client that does not know of the end may still be sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Linger {
    Yes,
    No,
}

/// Decodes, calls, encodes.
pub(super) struct Exchange {
    site: Arc<Site>,
    peer: Option<SocketAddr>,
    decoder: Decoder,
    pub(super) input: BytesMut,
    pub(super) output: Output,
    stage: Stage,
    reply: Reply,
    date: Date,
    /// Answers given from now on end the connection.
    stopping: bool,
    /// Heads that were decoded so far.
    pub(super) heads: u64,
}

enum Stage {
    Head,
    /// Boxed: it is large, and most bodies arrive together with their head.
    Body(Box<Collecting>),
    /// The handler is at work.
    Handler(Turn),
    Closed(Linger),
}

/// A request whose body has not arrived whole.
struct Collecting {
    head: Head,
    turn: Turn,
    found: Found,
    body: BytesMut,
}

/// What must be remembered of a request until it is answered.
#[derive(Clone, Copy)]
struct Turn {
    keep_alive: bool,
    head_only: bool,
    version: Version,
    /// The index of the pattern, for the log.
    pattern: usize,
}

impl Exchange {
    pub(super) fn new(site: Arc<Site>, peer: Option<SocketAddr>) -> Self {
        Self {
            decoder: Decoder::new(site.limits),
            site,
            peer,
            input: BytesMut::new(),
            output: Output::default(),
            stage: Stage::Head,
            reply: Reply::new(),
            date: Date::new(),
            stopping: false,
            heads: 0,
        }
    }

    /// Answers everything that is in the input; pending only while a handler is at work and nothing is to
    /// be written.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, stopping: bool) -> Poll<Step> {
        self.stopping = stopping;
        loop {
            // One net for the whole batch: the stage tells whose handler fell.
            match catch_unwind(AssertUnwindSafe(|| self.poll_batch(cx))) {
                Ok(polled) => return polled,
                Err(panic) => self.panicked(&*panic),
            }
        }
    }

    #[inline]
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            let outcome = match self.stage {
                Stage::Head => match self.decoder.head(&mut self.input) {
                    Ok(Some(incoming)) => self.begin(cx, incoming),
                    Ok(None) => return Poll::Ready(Step::ReadHead),
                    Err(refusal) => Err(refusal),
                },
                Stage::Handler(turn) => {
                    self.poll_reply(cx, turn);
                    Ok(())
                }
                Stage::Body(_) => self.proceed(cx),
                // What follows the last request was not read as one, but it is there.
                Stage::Closed(_) if !self.input.is_empty() => return Poll::Ready(Step::Close(Linger::Yes)),
                Stage::Closed(linger) => return Poll::Ready(Step::Close(linger)),
            };
            if let Err(refusal) = outcome {
                self.refuse(refusal);
            }
            match &self.stage {
                Stage::Body(_) => return Poll::Ready(Step::ReadBody),
                Stage::Handler(_) if self.output.is_empty() => return Poll::Pending,
                Stage::Handler(_) => return Poll::Ready(Step::Write),
                _ if self.output.is_full() => return Poll::Ready(Step::Write),
                _ => {}
            }
        }
    }

    /// Whether a request is neither in the input nor at work.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Head) && self.input.is_empty()
    }

    /// Answers a request that cannot be served, and closes.
    #[cold]
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        tracing::debug!(peer = ?self.peer, status = refusal.status().as_u16(), reason = refusal.reason(), "refused");
        let response = (refusal.status(), refusal.reason()).into_response();
        let turn =
            Turn { keep_alive: false, head_only: false, version: Version::Http11, pattern: usize::MAX };
        self.answer(response, turn);
        self.stage = Stage::Closed(Linger::Yes);
    }

    /// The buffer of the body that is being collected, and how many bytes may be read into it past the input.
    pub(super) fn bypass(&mut self) -> Option<(&mut BytesMut, usize)> {
        let Stage::Body(collecting) = &mut self.stage else { return None };
        let missing = usize::try_from(self.decoder.missing()?).ok()?;
        if !self.input.is_empty() || missing == 0 {
            return None;
        }
        Some((&mut collecting.body, missing))
    }

    /// Notes that bytes were read past the input.
    pub(super) fn bypassed(&mut self, count: usize) {
        self.decoder.bypass(count);
    }

    #[inline]
    fn begin(&mut self, cx: &mut Context<'_>, incoming: Incoming) -> Result<(), Refusal> {
        let Incoming { head, keep_alive, expect } = incoming;
        self.heads += 1;
        let found = self.site.routes.find(&head);
        let mut turn = Turn {
            keep_alive,
            head_only: *head.method() == Method::HEAD,
            version: head.version(),
            pattern: usize::MAX,
        };
        let mut body = BytesMut::new();
        if gather(&mut self.decoder, &mut self.input, &mut body)? {
            self.call(cx, head, found, body, turn);
            return Ok(());
        }
        if expect == Expect::Continue && body.is_empty() {
            if !found.is_handler() {
                // Nobody wants the body, so it must not come, and what follows cannot be told from it.
                turn.keep_alive = false;
                self.call(cx, head, found, body, turn);
                self.close(Linger::Yes);
                return Ok(());
            }
            self.output.buffer().extend_from_slice(CONTINUE);
        }
        self.stage = Stage::Body(Box::new(Collecting { head, turn, found, body }));
        Ok(())
    }

    fn proceed(&mut self, cx: &mut Context<'_>) -> Result<(), Refusal> {
        let Stage::Body(collecting) = &mut self.stage else { return Ok(()) };
        if !gather(&mut self.decoder, &mut self.input, &mut collecting.body)? {
            return Ok(());
        }
        if let Stage::Body(collecting) = std::mem::replace(&mut self.stage, Stage::Head) {
            let Collecting { head, turn, found, body } = *collecting;
            self.call(cx, head, found, body, turn);
        }
        Ok(())
    }

    /// The request is whole: has it answered.
    #[inline]
    fn call(&mut self, cx: &mut Context<'_>, head: Head, found: Found, body: BytesMut, mut turn: Turn) {
        let routes = &self.site.routes;
        turn.pattern = found.params.pattern;
        let endpoint = routes.endpoint(&found);
        let body = Body::from(body.freeze());
        let request = Request::new(head, body, found.params, Arc::clone(routes), self.peer);
        self.stage = Stage::Handler(turn);
        endpoint.call(request, &mut self.reply);
        self.poll_reply(cx, turn);
    }

    #[inline]
    fn poll_reply(&mut self, cx: &mut Context<'_>, turn: Turn) {
        if let Poll::Ready(response) = self.reply.poll(cx) {
            self.answer(response, turn);
        }
    }

    /// A handler panicked: its request is answered with 500 and the connection goes on.
    #[cold]
    fn panicked(&mut self, panic: &(dyn Any + Send)) {
        self.reply.clear();
        let Stage::Handler(turn) = self.stage else {
            // Not a handler: who knows in which state the engine is.
            tracing::error!(peer = ?self.peer, "the engine panicked");
            return self.close(Linger::No);
        };
        let route = self.site.routes.pattern(turn.pattern).unwrap_or_default();
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)");
        tracing::error!(route, peer = ?self.peer, panic = text, "the handler panicked");
        let response = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response();
        self.answer(response, turn);
    }

    #[inline]
    fn answer(&mut self, response: Response, turn: Turn) {
        let keep = turn.keep_alive && !self.stopping && !response.closes();
        let connection = match turn.version {
            _ if !keep => Connection::Close,
            Version::Http10 => Connection::KeepAlive,
            _ => Connection::Persistent,
        };
        let date = self.date.refresh(&self.site.clock);
        if encode(self.output.buffer(), &response, turn.head_only, connection, date) {
            self.output.body(response.into_body());
        }
        self.stage = Stage::Head;
        if !keep {
            self.close(if turn.keep_alive { Linger::Yes } else { Linger::No });
        }
    }

    #[cold]
    fn close(&mut self, linger: Linger) {
        self.stage = Stage::Closed(linger);
    }
}

/// Moves what is there of the body from `input` to `body`; whether it is whole. The first piece is not copied.
#[inline]
fn gather(decoder: &mut Decoder, input: &mut BytesMut, body: &mut BytesMut) -> Result<bool, Refusal> {
    loop {
        match decoder.body(input)? {
            None => return Ok(false),
            Some(Piece::End) => return Ok(true),
            Some(Piece::Data(piece)) if body.is_empty() => *body = piece,
            Some(Piece::Data(piece)) => body.extend_from_slice(&piece),
        }
    }
}
