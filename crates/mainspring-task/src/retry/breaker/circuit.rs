use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::settings::Settings;
use super::window::{Counts, Window};
use super::{Outcome, State, Status};

/// The state machine. It is told what time it is, and calls nobody.
///
/// 1. A ticket counts only in the phase it was given in: a call that began before the breaker
///    opened tells nothing about the backend after that.
/// 2. Half-open, fewer than `probes` have succeeded; the rest is free or held by a probe.
#[derive(Debug)]
pub(super) struct Circuit {
    phase: Phase,
    /// Goes up with each change of phase.
    generation: u64,
    next_ticket: u64,
    opened: u64,
    refused: u64,
}

#[derive(Debug)]
enum Phase {
    Closed { window: Box<Window>, consecutive: u64 },
    Open { since: Instant, cause: Cause },
    HalfOpen { probes: Vec<Probe>, succeeded: usize, cause: Cause },
}

#[derive(Debug)]
struct Probe {
    number: u64,
    since: Instant,
}

/// The right to make one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    number: u64,
    generation: u64,
    since: Instant,
}

/// Why a breaker opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cause {
    Consecutive(u64),
    Failures(Counts),
    Slow(Counts),
    ProbeFailed,
    ProbeSlow,
    Tripped,
}

/// A change of phase, to be told once the lock is released.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) from: State,
    pub(super) to: State,
    /// Why it opened, the last time it did; `None` when it was closed all the time.
    pub(super) cause: Option<Cause>,
}

/// Why there is no ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    pub(super) state: State,
    pub(super) cause: Cause,
    pub(super) retry_after: Duration,
}

impl Circuit {
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        Circuit { phase: closed(settings, now), generation: 0, next_ticket: 0, opened: 0, refused: 0 }
    }

    /// Makes an open breaker half-open when its time has come.
    pub(super) fn advance(&mut self, settings: &Settings, now: Instant) -> Option<Change> {
        match self.phase {
            Phase::Open { since, cause } if left(since, settings, now).is_zero() => {
                Some(self.enter(Phase::HalfOpen { probes: Vec::new(), succeeded: 0, cause }))
            }
            _ => None,
        }
    }

    /// A ticket for one call, if it may be made. To be called after [`advance`](Self::advance).
    pub(super) fn admit(&mut self, settings: &Settings, now: Instant) -> Result<Ticket, Refusal> {
        let number = self.next_ticket;
        if let Some(refusal) = self.refusal(settings, now) {
            self.refused += 1;
            return Err(refusal);
        }
        if let Phase::HalfOpen { probes, .. } = &mut self.phase {
            probes.retain(|probe| !left(probe.since, settings, now).is_zero());
            probes.push(Probe { number, since: now });
        }
        self.next_ticket += 1;
        Ok(Ticket { number, generation: self.generation, since: now })
    }

    fn refusal(&self, settings: &Settings, now: Instant) -> Option<Refusal> {
        match &self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { since, cause } => {
                Some(Refusal { state: State::Open, cause: *cause, retry_after: left(*since, settings, now) })
            }
            Phase::HalfOpen { probes, succeeded, cause } => {
                let held = || probes.iter().map(|probe| left(probe.since, settings, now));
                let held = || held().filter(|left| !left.is_zero());
                if held().count() + succeeded < settings.probes {
                    return None;
                }
                let retry_after = held().min().unwrap_or_default();
                Some(Refusal { state: State::HalfOpen, cause: *cause, retry_after })
            }
        }
    }

    /// Counts how the call ended that the ticket was for.
    ///
    /// `None` is a call that was dropped. It has failed if it was slow by then.
    pub(super) fn record(
        &mut self,
        ticket: Ticket,
        outcome: Option<Outcome>,
        settings: &Settings,
        now: Instant,
    ) -> Option<Change> {
        if ticket.generation != self.generation {
            return None;
        }
        let slow = settings.is_slow(now.saturating_duration_since(ticket.since));
        let failed = match outcome {
            Some(Outcome::Success) => Some(false),
            Some(Outcome::Failure) => Some(true),
            Some(Outcome::Ignored) => None,
            None => slow.then_some(true),
        };
        match &mut self.phase {
            Phase::Closed { window, consecutive } => {
                let failed = failed?;
                *consecutive = if failed { *consecutive + 1 } else { 0 };
                window.add(Counts { calls: 1, failures: failed.into(), slow: slow.into() }, now);
                let cause = reason_to_open(settings, *consecutive, window.sum(now))?;
                Some(self.open(cause, now))
            }
            Phase::HalfOpen { probes, succeeded, .. } => {
                probes.retain(|probe| probe.number != ticket.number);
                match failed? {
                    true => Some(self.open(Cause::ProbeFailed, now)),
                    false if slow => Some(self.open(Cause::ProbeSlow, now)),
                    false => {
                        *succeeded += 1;
                        (*succeeded >= settings.probes).then(|| self.enter(closed(settings, now)))
                    }
                }
            }
            // Nobody holds a ticket of an open phase.
            Phase::Open { .. } => None,
        }
    }

    /// Opens, whatever has been counted; for another whole stretch when it is open.
    pub(super) fn trip(&mut self, now: Instant) -> Change {
        self.open(Cause::Tripped, now)
    }

    /// Closes, whatever has been counted, and forgets that.
    pub(super) fn reset(&mut self, settings: &Settings, now: Instant) -> Change {
        self.enter(closed(settings, now))
    }

    /// To be called after [`advance`](Self::advance).
    pub(super) fn status(&mut self, settings: &Settings, now: Instant) -> Status {
        let retry_after = self.refusal(settings, now).map(|refusal| refusal.retry_after);
        let state = self.state();
        let (counts, consecutive, probes) = match &mut self.phase {
            Phase::Closed { window, consecutive } => (window.sum(now), *consecutive, 0),
            Phase::Open { .. } => (Counts::default(), 0, 0),
            Phase::HalfOpen { probes, .. } => (Counts::default(), 0, probes.len()),
        };
        let Counts { calls, failures, slow } = counts;
        let (opened, refused) = (self.opened, self.refused);
        Status { state, calls, failures, slow, consecutive, probes, opened, refused, retry_after }
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { cause, .. } | Phase::HalfOpen { cause, .. } => Some(cause),
        }
    }

    fn open(&mut self, cause: Cause, now: Instant) -> Change {
        self.opened += 1;
        self.enter(Phase::Open { since: now, cause })
    }

    fn enter(&mut self, phase: Phase) -> Change {
        let (from, before) = (self.state(), self.cause());
        self.phase = phase;
        self.generation += 1;
        Change { from, to: self.state(), cause: self.cause().or(before) }
    }
}

fn closed(settings: &Settings, now: Instant) -> Phase {
    Phase::Closed { window: Box::new(Window::new(settings.window, now)), consecutive: 0 }
}

/// How much of an open stretch that began then is left. A probe holds its place as long.
fn left(since: Instant, settings: &Settings, now: Instant) -> Duration {
    settings.open_for.saturating_sub(now.saturating_duration_since(since))
}

fn reason_to_open(settings: &Settings, consecutive: u64, counts: Counts) -> Option<Cause> {
    if settings.consecutive.is_some_and(|limit| consecutive >= limit) {
        return Some(Cause::Consecutive(consecutive));
    }
    if counts.calls < settings.minimum {
        return None;
    }
    let reached = |part: u64, ratio: f64| part as f64 / counts.calls as f64 >= ratio;
    if settings.failure_ratio.is_some_and(|ratio| reached(counts.failures, ratio)) {
        return Some(Cause::Failures(counts));
    }
    settings.slow.is_some_and(|slow| reached(counts.slow, slow.ratio)).then_some(Cause::Slow(counts))
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Consecutive(1) => f.write_str("a failure"),
            Cause::Consecutive(failures) => write!(f, "{failures} failures in a row"),
            Cause::Failures(counts) => write!(f, "{} of {} calls failed", counts.failures, counts.calls),
            Cause::Slow(counts) => write!(f, "{} of {} calls were slow", counts.slow, counts.calls),
            Cause::ProbeFailed => f.write_str("a probe failed"),
            Cause::ProbeSlow => f.write_str("a probe was slow"),
            Cause::Tripped => f.write_str("it was tripped by hand"),
        }
    }
}
