//! The half of a connection that knows no socket: requests in, answers out.

use std::any::Any;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use http::StatusCode;
use mainspring_task::combine::stop;
use mainspring_task::task::panic_message;

use super::clock::{Clock, Date};
use super::intake::{Intake, Pump};
use super::output::Output;
use super::stage::{Ending, Halt, Stage, Step, Turn, Work};
use super::timeouts::{Timeouts, Waits};
use crate::http1::{Decoder, Expect, Incoming, Limits, Preface, Refusal};
use crate::request::Request;
use crate::response::IntoResponse;
use crate::route::{Reply, Routes};

/// What all connections of a server share.
pub(crate) struct Site {
    pub(crate) routes: Arc<Routes>,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(super) waits: Waits,
    pub(crate) clock: Arc<Clock>,
    pub(crate) lifespan: Lifespan,
}

/// After how much a connection is ended by its next answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lifespan {
    /// In milliseconds.
    pub(crate) age: Option<u64>,
    pub(crate) requests: Option<u64>,
}

/// Decodes, calls, encodes.
pub(super) struct Exchange {
    pub(super) site: Arc<Site>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) input: BytesMut,
    pub(super) output: Output,
    pub(super) intake: Intake,
    pub(super) stage: Stage,
    pub(super) work: Option<Work>,
    reply: Reply,
    pub(super) date: Date,
    /// Answers given from now on end the connection.
    pub(super) stopping: bool,
    /// Heads that were decoded so far.
    pub(super) heads: u64,
    /// After this many of them the connection ends.
    pub(super) most: u64,
    /// From here on answers end the connection.
    pub(super) expires: u64,
}

impl Exchange {
    pub(super) fn new(site: Arc<Site>, peer: Option<SocketAddr>) -> Self {
        let (born, Lifespan { age, requests }) = (site.clock.now(), site.lifespan);
        Self {
            intake: Intake::new(Decoder::new(site.limits)),
            peer,
            input: BytesMut::new(),
            output: Output::default(),
            stage: Stage::Head,
            work: None,
            reply: Reply::new(),
            date: Date::new(),
            stopping: false,
            heads: 0,
            most: requests.unwrap_or(u64::MAX),
            expires: age.map_or(u64::MAX, |age| site.clock.jittered(born, age)),
            site,
        }
    }

    /// Answers everything that is in the input, as far as that can be done without more bytes.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, stopping: bool) -> Step {
        self.stopping = stopping;
        loop {
            // One net for the whole batch: the stage tells whose handler fell.
            match catch_unwind(AssertUnwindSafe(|| self.poll_batch(cx))) {
                Ok(step) => return step,
                Err(panic) => self.panicked(&*panic),
            }
        }
    }

    #[inline]
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Step {
        loop {
            match self.stage {
                Stage::Head if self.heads == 0 && Preface::of(&self.input) != Preface::Absent => {
                    return self.begin_otherwise();
                }
                Stage::Head => match self.intake.decoder.head(&mut self.input) {
                    Ok(Some(incoming)) => {
                        if let Err(refusal) = self.begin(cx, incoming) {
                            self.refuse(refusal);
                        }
                    }
                    Ok(None) => return Step::Head,
                    Err(refusal) => self.refuse(refusal),
                },
                Stage::Handler(turn) => self.poll_reply(cx, turn),
                _ => {
                    if let Some(step) = self.poll_rarely(cx) {
                        return step;
                    }
                }
            }
            if let Stage::Handler(_) = self.stage
                && let Some(step) = self.wait(cx)
            {
                return step;
            }
            if self.output.is_full() {
                return Step::Write;
            }
        }
    }

    /// The connection begins with nothing, or with the preface of HTTP/2 as far as it has come.
    fn begin_otherwise(&self) -> Step {
        if Preface::of(&self.input) == Preface::Whole { Step::Http2 } else { Step::Head }
    }

    /// The stages that the common request does not come to.
    #[inline(never)]
    fn poll_rarely(&mut self, cx: &mut Context<'_>) -> Option<Step> {
        match self.stage {
            Stage::Work => match &mut self.work {
                Some(Work::Answer(_)) => self.poll_answer(cx),
                Some(Work::Halt(halt)) => {
                    let Poll::Ready(_dropped) = halt.handler.as_mut().poll(cx) else {
                        return Some(Step::Watch);
                    };
                    let (turn, answered) = (halt.turn, halt.answered);
                    self.halted(turn, answered);
                    None
                }
                Some(Work::Upgrade(_)) => Some(Step::Upgrade),
                None => {
                    self.close(Ending::Spoilt);
                    None
                }
            },
            Stage::Rest(rest) => self.poll_rest(cx, rest),
            Stage::Closed(_) => Some(Step::Close),
            Stage::Head | Stage::Handler(_) => None,
        }
    }

    /// How the connection ends, once it does.
    pub(super) fn ending(&self) -> Ending {
        match self.stage {
            // What follows the last request was not read as one, but it is there.
            Stage::Closed(Ending::Orderly) if !self.input.is_empty() => Ending::Linger,
            Stage::Closed(ending) => ending,
            _ => Ending::Spoilt,
        }
    }

    /// The handler that was cancelled has cleaned up.
    fn halted(&mut self, turn: Turn, answered: bool) {
        self.close(Ending::Orderly);
        if answered {
            let late = (StatusCode::SERVICE_UNAVAILABLE, "the handler did not answer in time");
            self.answer(&mut late.into_response().with_close(), turn);
        }
    }

    /// Whoever is at work is not ready: what it waits for, unless it is to be polled again.
    #[inline]
    pub(super) fn wait(&mut self, cx: &mut Context<'_>) -> Option<Step> {
        if self.intake.is_over() {
            return Some(Step::Watch);
        }
        match self.intake.pump(cx, &mut self.input, &mut self.output) {
            Pump::Again => None,
            Pump::Read => Some(Step::Body),
            Pump::Over | Pump::Full | Pump::Gone => Some(Step::Watch),
        }
    }

    /// Whether a request is neither in the input nor at work.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Head) && self.input.is_empty()
    }

    /// When the handler at work was called.
    pub(super) fn handler_since(&self) -> Option<u64> {
        if let Stage::Handler(turn) = self.stage { Some(turn.since) } else { None }
    }

    /// Answers a request that cannot be served, and closes.
    #[cold]
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        tracing::debug!(peer = ?self.peer, status = refusal.status().as_u16(), reason = refusal.reason(), "refused");
        self.intake.cut();
        self.answer(&mut (refusal.status(), refusal.reason()).into_response(), Turn::NOBODY);
        self.stage = Stage::Closed(Ending::Linger);
    }

    #[inline]
    fn begin(&mut self, cx: &mut Context<'_>, incoming: Incoming) -> Result<(), Refusal> {
        let Incoming { head, keep_alive, expect, upgrade, trailers } = incoming;
        self.heads += 1;
        let routes = &self.site.routes;
        let found = routes.find(&head);
        let (endpoint, rules) = routes.answerer(&found);
        let turn = Turn {
            keep_alive,
            head_only: head.is_head(),
            cancels: rules.cancel_on_disconnect.unwrap_or_else(|| head.is_safe()),
            upgrade,
            trailers,
            version: head.version(),
            pattern: found.params.pattern,
            since: 0,
        };
        if let Some(limit) = rules.body_limit {
            self.intake.decoder.limit_body(limit)?;
        }
        let body = self.intake.begin(cx, &mut self.input, expect == Expect::Continue)?;
        let request = Request::new(head, body, found.params, Arc::clone(routes), self.peer);
        self.stage = Stage::Handler(turn);
        if let Poll::Ready(response) = &mut endpoint.call(request, &mut self.reply, cx) {
            self.answer(response, turn);
        }
        if let Stage::Handler(turn) = &mut self.stage {
            turn.since = self.site.clock.now();
        }
        Ok(())
    }

    #[inline]
    fn poll_reply(&mut self, cx: &mut Context<'_>, turn: Turn) {
        // Left where it is: an answer is large.
        if let Poll::Ready(response) = &mut self.reply.poll(cx) {
            self.answer(response, turn);
        }
    }

    /// A handler panicked: its request is answered with 500 and the connection goes on.
    #[cold]
    fn panicked(&mut self, panic: &(dyn Any + Send)) {
        self.reply.clear();
        let (turn, answered, what) = match (self.stage, &self.work) {
            (Stage::Handler(turn), _) => (turn, true, "the handler panicked"),
            (Stage::Work, Some(Work::Halt(halt))) => (halt.turn, halt.answered, "the handler panicked"),
            (Stage::Work, Some(Work::Answer(answer))) => {
                (answer.turn(), false, "the answer's stream panicked")
            }
            _ => (Turn::NOBODY, false, "the engine panicked"),
        };
        tracing::error!(route = self.route(turn), peer = ?self.peer, panic = panic_message(panic), "{what}");
        self.work = None;
        if answered {
            let answer = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            return self.answer(&mut answer.into_response(), turn);
        }
        // An answer was begun, or who knows in which state the engine is.
        self.close(Ending::Spoilt);
    }

    /// The pattern of the route, for the log.
    pub(super) fn route(&self, turn: Turn) -> &str {
        self.site.routes.pattern(turn.pattern).unwrap_or_default()
    }

    /// The client is gone: whoever works for it alone is stopped.
    pub(super) fn abandon(&mut self) {
        match (self.stage, &self.work) {
            (Stage::Handler(turn), _) if turn.cancels => {
                tracing::debug!(route = self.route(turn), peer = ?self.peer, "the client went away: the handler is cancelled");
                self.halt(turn, false);
            }
            (Stage::Work, Some(Work::Answer(answer))) if answer.turn().cancels => {
                tracing::debug!(route = self.route(answer.turn()), peer = ?self.peer, "the client went away: the answer is dropped");
                self.close(Ending::Orderly);
            }
            _ => {}
        }
    }

    /// The handler takes too long: it is stopped, and the client told.
    pub(super) fn time_out(&mut self) {
        if let Stage::Handler(turn) = self.stage {
            tracing::warn!(route = self.route(turn), peer = ?self.peer, "the handler did not answer in time: it is cancelled");
            self.halt(turn, true);
        }
    }

    fn halt(&mut self, turn: Turn, answered: bool) {
        let reason = if answered { "the handler took too long" } else { "the client went away" };
        let mut reply = std::mem::take(&mut self.reply);
        let handler = Box::pin(stop(poll_fn(move |cx| reply.poll(cx)), reason));
        self.begin_work(Work::Halt(Box::new(Halt { handler, turn, answered })));
    }

    pub(super) fn begin_work(&mut self, work: Work) {
        self.work = Some(work);
        self.stage = Stage::Work;
    }

    /// Whatever is at work ends here.
    #[cold]
    pub(super) fn close(&mut self, ending: Ending) {
        self.work = None;
        self.intake.cut();
        self.stage = Stage::Closed(ending);
    }
}
