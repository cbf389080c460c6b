//! How long a connection waits, for what.

use super::exchange::{Exchange, Site};
use super::stage::Step;

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
    fn stopping(&mut self, site: &Site) {
        let now = site.clock.now();
        self.stop_since = Some(now);
        self.read.1 = UNSET;
        if let Some(until) = &mut self.write {
            *until = (*until).min(now + site.waits.drain.min(site.waits.write));
        }
    }

    /// The next deadline; `u64::MAX` when nothing has one.
    #[inline]
    pub(super) fn deadline(&mut self, step: Step, blocked: bool, stopping: bool, exchange: &Exchange) -> u64 {
        let site = &*exchange.site;
        if stopping && self.stop_since.is_none() {
            self.stopping(site);
        }
        if self.read.0 != step {
            self.read = (step, UNSET);
        }
        let mut deadline = u64::MAX;
        if blocked {
            let stall = if stopping { site.waits.drain.min(site.waits.write) } else { site.waits.write };
            deadline = *self.write.get_or_insert_with(|| site.clock.now() + stall);
        }
        if !blocked || step == Step::Body {
            if self.read.1 == UNSET {
                self.read.1 = self.fresh(step, exchange);
            }
            deadline = deadline.min(self.read.1);
        }
        if site.waits.handler == u64::MAX { deadline } else { deadline.min(handler_deadline(exchange)) }
    }

    /// The deadline of a wait that begins now.
    #[inline]
    fn fresh(&mut self, step: Step, exchange: &Exchange) -> u64 {
        match step {
            Step::Head => self.head(exchange),
            Step::Body => self.body(&exchange.site),
            Step::Rest => exchange.site.clock.now() + exchange.site.waits.linger,
            // The reader takes its time: the client's account begins anew.
            _ => {
                self.body_since = None;
                u64::MAX
            }
        }
    }

    #[inline]
    fn head(&mut self, exchange: &Exchange) -> u64 {
        let (now, waits) = (exchange.site.clock.now(), &exchange.site.waits);
        self.body_since = None;
        if exchange.heads != self.heads {
            self.heads = exchange.heads;
            self.head_since = None;
        }
        let deadline = match self.head_since {
            _ if !exchange.is_idle() => *self.head_since.get_or_insert(now) + waits.head,
            Some(since) => since + waits.head,
            None => now + waits.idle,
        };
        match self.stop_since {
            Some(since) => deadline.min(since + waits.drain),
            None => deadline,
        }
    }

    fn body(&mut self, site: &Site) -> u64 {
        let (now, waits) = (site.clock.now(), &site.waits);
        let (since, received) = *self.body_since.get_or_insert((now, 0));
        let earned = received.saturating_mul(1000) / waits.body_rate;
        let deadline = now.min(since.saturating_add(earned)) + waits.body;
        if self.stop_since.is_some() { deadline.min(now + waits.drain) } else { deadline }
    }

    /// Whether the deadline was that of the output.
    pub(super) fn is_stalled(&self, deadline: u64) -> bool {
        self.write == Some(deadline)
    }
}

/// When the handler at work is late; `u64::MAX` when there is none, or no limit.
pub(super) fn handler_deadline(exchange: &Exchange) -> u64 {
    exchange.handler_since().map_or(u64::MAX, |since| since.saturating_add(exchange.site.waits.handler))
}
