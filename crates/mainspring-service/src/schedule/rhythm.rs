use std::time::Duration;

use tokio::time::Instant;

use super::beats::Beats;
use super::job::Request;

/// Beats at a fixed rate, or a fixed time after the end of each run.
#[derive(Debug)]
pub(super) struct Rhythm {
    pub(super) pausing: bool,
    pub(super) period: Duration,
    pub(super) first: Duration,
    pub(super) jitter: Duration,
    /// The next beat without its jitter; `None` when it never comes, or waits for the end of a run.
    beat: Option<Instant>,
    /// The next beat with its jitter.
    wake: Option<Instant>,
}

impl Rhythm {
    /// A period of zero is taken as one millisecond.
    pub(super) fn new(period: Duration, pausing: bool) -> Self {
        let period = if pausing { period } else { period.max(Duration::from_millis(1)) };
        Rhythm { pausing, period, first: Duration::ZERO, jitter: Duration::ZERO, beat: None, wake: None }
    }

    fn set(&mut self, beat: Option<Instant>) {
        self.beat = beat;
        // A beat as late as the next would take its place.
        let jitter = if self.pausing { self.jitter } else { self.jitter.min(self.period.mul_f64(0.9)) };
        self.wake = beat.and_then(|beat| beat.checked_add(jitter.mul_f64(fastrand::f64())));
    }
}

impl Beats<()> for Rhythm {
    fn begin(&mut self, now: Instant) {
        self.set(now.checked_add(self.first));
    }

    fn begins_with_a_run(&self) -> bool {
        self.first.is_zero()
    }

    fn wake(&mut self, _: Instant) -> Option<Instant> {
        self.wake
    }

    fn due(&mut self, now: Instant) -> Vec<Request<()>> {
        let next = self.beat.filter(|_| !self.pausing).and_then(|beat| next_beat(beat, self.period, now));
        self.set(next);
        vec![Request { due: (), reply: None, late: false }]
    }

    fn by_hand(&self) {}

    fn idle(&mut self, now: Instant) {
        if self.pausing && self.beat.is_none() {
            self.set(now.checked_add(self.period));
        }
    }
}

/// The first beat after `now` of the series that `beat` belongs to; `None` when it never comes.
fn next_beat(beat: Instant, period: Duration, now: Instant) -> Option<Instant> {
    let late = now.saturating_duration_since(beat).as_nanos();
    let missed = u32::try_from(late / period.as_nanos()).unwrap_or(u32::MAX);
    beat.checked_add(period.checked_mul(missed.saturating_add(1))?)
}
