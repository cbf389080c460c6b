//! How long a connection waits, for what.

use std::time::Duration;

use super::clock::{Clock, TICK, millis};
use super::exchange::{Exchange, Step};
use super::timeouts::Timeouts;

/// When what a connection waits for has lasted too long; all times are those of the server's clock.
pub(super) struct Patience {
    /// When the head after the first `heads` began; of the first head, when the connection did.
    head_since: Option<u64>,
    heads: u64,
    /// When the body that is being read began, and how much of it was read since.
    body_since: Option<(u64, u64)>,
    /// When this connection noticed that the server stops.
    stop_since: Option<u64>,
    /// Until when the read that is waited for must come, and what is read.
    read: (Step, u64),
    /// Until when some of the output must be taken; none while it is.
    write: Option<u64>,
}

const UNSET: u64 = 0;

impl Patience {
    pub(super) fn new(now: u64) -> Self {
        Self {
            head_since: Some(now),
            heads: 0,
            body_since: None,
            stop_since: None,
            read: (Step::Head, UNSET),
            write: None,
        }
    }

    /// The client has taken some of the output.
    #[inline]
    pub(super) fn written(&mut self) {
        self.write = None;
    }

    /// The client has sent something.
    #[inline]
    pub(super) fn read(&mut self, step: Step, count: usize) {
        match step {
            // The end is bounded as a whole.
            Step::Rest => {}
            Step::Body => {
                self.read.1 = UNSET;
                if let Some((_, received)) = &mut self.body_since {
                    *received += count as u64;
                }
            }
            _ => self.read.1 = UNSET,
        }
    }

    /// The server stops: what was waited for is waited for less long.
    #[cold]
    fn stopping(&mut self, exchange: &Exchange) {
        let (clock, timeouts) = (&exchange.site.clock, &exchange.site.timeouts);
        self.stop_since = Some(clock.now());
        self.read.1 = UNSET;
        if let Some(until) = &mut self.write {
            *until = (*until).min(clock.after(timeouts.drain.min(timeouts.write)));
        }
    }

    /// The next deadline; `u64::MAX` when nothing has one.
    #[inline]
    pub(super) fn deadline(&mut self, step: Step, blocked: bool, stopping: bool, exchange: &Exchange) -> u64 {
        let (clock, timeouts) = (&*exchange.site.clock, &exchange.site.timeouts);
        if self.read.0 != step {
            self.read = (step, UNSET);
        }
        if stopping && self.stop_since.is_none() {
            self.stopping(exchange);
        }
        let mut deadline = u64::MAX;
        if blocked {
            let stall = if stopping { timeouts.drain.min(timeouts.write) } else { timeouts.write };
            deadline = *self.write.get_or_insert_with(|| clock.after(stall));
        }
        if !blocked || step == Step::Body {
            if self.read.1 == UNSET {
                self.read.1 = self.fresh(step, stopping, exchange);
            }
            deadline = deadline.min(self.read.1);
        }
        match timeouts.handler {
            None => deadline,
            Some(limit) => deadline.min(handler_deadline(limit, exchange)),
        }
    }

    /// The deadline of a wait that begins now.
    fn fresh(&mut self, step: Step, stopping: bool, exchange: &Exchange) -> u64 {
        let (clock, timeouts) = (&*exchange.site.clock, &exchange.site.timeouts);
        match step {
            Step::Head => self.head(exchange),
            Step::Body => self.body(clock, timeouts, stopping),
            Step::Rest => clock.after(timeouts.linger),
            // The reader takes its time: the client's account begins anew.
            _ => {
                self.body_since = None;
                u64::MAX
            }
        }
    }

    #[inline]
    fn head(&mut self, exchange: &Exchange) -> u64 {
        let (clock, timeouts) = (&*exchange.site.clock, &exchange.site.timeouts);
        self.body_since = None;
        if exchange.heads != self.heads {
            self.heads = exchange.heads;
            self.head_since = None;
        }
        let deadline = match self.head_since {
            _ if !exchange.is_idle() => {
                *self.head_since.get_or_insert_with(|| clock.now()) + after(timeouts.head)
            }
            Some(since) => since + after(timeouts.head),
            None => clock.after(timeouts.idle),
        };
        match self.stop_since {
            Some(since) => deadline.min(since + after(timeouts.drain)),
            None => deadline,
        }
    }

    fn body(&mut self, clock: &Clock, timeouts: &Timeouts, stopping: bool) -> u64 {
        let now = clock.now();
        let (since, received) = *self.body_since.get_or_insert((now, 0));
        let earned = received.saturating_mul(1000) / u64::from(timeouts.body_rate.max(1));
        let deadline = now.min(since.saturating_add(earned)) + after(timeouts.body);
        if stopping { deadline.min(now + after(timeouts.drain)) } else { deadline }
    }

    /// Whether the deadline was that of the output.
    pub(super) fn is_stalled(&self, deadline: u64) -> bool {
        self.write == Some(deadline)
    }

    /// Whether the deadline was that of the handler.
    pub(super) fn is_handler_late(&self, deadline: u64, exchange: &Exchange) -> bool {
        exchange.site.timeouts.handler.is_some_and(|limit| handler_deadline(limit, exchange) == deadline)
    }
}

fn handler_deadline(limit: Duration, exchange: &Exchange) -> u64 {
    exchange.handler_since().map_or(u64::MAX, |since| since + after(limit))
}

/// A time-out on the coarse clock, rounded up by its inexactness.
fn after(timeout: Duration) -> u64 {
    millis(timeout.saturating_add(TICK))
}
