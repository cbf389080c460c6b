use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When requests are due.
#[derive(Debug)]
pub(super) enum Pace {
    /// As soon as the last ones are answered.
    Closed,
    Open(Schedule),
}

/// Requests that are due at a fixed rate.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    next: Instant,
    /// When those were due for which no connection was free.
    waiting: VecDeque<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Option<u32>, now: Instant) -> Self {
        match rate {
            None => Pace::Closed,
            Some(rate) => Pace::Open(Schedule {
                interval: Duration::from_secs(1) / rate.max(1),
                next: now,
                waiting: VecDeque::new(),
            }),
        }
    }

    /// Takes a request that is due by now; tells when it was due.
    pub(super) fn take(&mut self, now: Instant) -> Option<Instant> {
        match self {
            Pace::Closed => Some(now),
            Pace::Open(schedule) => schedule.take(now),
        }
    }

    /// How long nothing is due.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        match self {
            Pace::Closed => None,
            Pace::Open(schedule) => Some(schedule.next.saturating_duration_since(now)),
        }
    }
}

impl Schedule {
    fn take(&mut self, now: Instant) -> Option<Instant> {
        while self.next <= now {
            self.waiting.push_back(self.next);
            self.next += self.interval;
        }
        self.waiting.pop_front()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant will do")]
mod tests {
    use super::*;

    #[test]
    fn at_a_fixed_rate_what_was_missed_is_still_due() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(1000), start);
        assert_eq!(pace.take(start), Some(start));
        assert_eq!(pace.take(start), None);
        let later = start + Duration::from_micros(2_500);
        assert_eq!(pace.take(later), Some(start + Duration::from_millis(1)));
        assert_eq!(pace.take(later), Some(start + Duration::from_millis(2)));
        assert_eq!(pace.take(later), None);
        assert_eq!(pace.pause(later), Some(Duration::from_micros(500)));
    }

    #[test]
    fn a_closed_loop_is_always_due() {
        let now = Instant::now();
        let mut pace = Pace::new(None, now);
        assert_eq!(pace.take(now), Some(now));
        assert_eq!(pace.take(now), Some(now));
    }
}
