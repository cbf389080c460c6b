use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use tokio::time::Instant;

use super::beats::Beats;
use super::job::Request;
use super::{Clock, Expression, Missed};

/// Beats by the calendar.
pub(super) struct Ticks {
    pub(super) expression: Expression,
    pub(super) zone: TimeZone,
    pub(super) clock: Box<dyn Clock>,
    pub(super) missed: Missed,
    pub(super) jitter: Duration,
    pub(super) since: Option<Timestamp>,
    /// All times up to here are dealt with.
    done: Timestamp,
    /// The first time after `done`.
    next: Option<ZonedDateTime>,
    /// How much later than `next` its run begins.
    delay: SignedDuration,
}

impl Ticks {
    pub(super) fn new(expression: Expression) -> Self {
        Ticks {
            expression,
            zone: TimeZone::UTC,
            clock: Box::new(super::SystemClock),
            missed: Missed::default(),
            jitter: Duration::ZERO,
            since: None,
            done: Timestamp::UNIX_EPOCH,
            next: None,
            delay: SignedDuration::ZERO,
        }
    }

    fn set(&mut self, done: Timestamp) {
        self.done = done;
        self.next = self.expression.next_after(&done.to_zoned_datetime(self.zone.clone()));
        let delay = self.jitter.mul_f64(fastrand::f64());
        self.delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::ZERO);
    }

    /// The runs for the times up to the latest, which is at or before `now`.
    fn requests(&self, latest: &ZonedDateTime, now: Timestamp) -> Vec<Request<ZonedDateTime>> {
        let in_time = now.duration_since(latest.timestamp()) <= self.delay.saturating_add(IN_TIME);
        let run = |due: &ZonedDateTime, late: bool| Request { due: due.clone(), reply: None, late };
        match self.missed {
            Missed::Skip if in_time => vec![run(latest, false)],
            Missed::Skip => {
                tracing::warn!(cron = %self.expression, %latest, "runs were missed and are left out");
                Vec::new()
            }
            Missed::Once => vec![run(latest, false)],
            Missed::All(most) => {
                let late = most.saturating_add(usize::from(in_time));
                let before = |time: &ZonedDateTime| self.expression.last_before(time);
                let times = std::iter::successors(Some(latest.clone()), before);
                let times = times.take_while(|time| time.timestamp() > self.done).take(late);
                let mut runs: Vec<_> = times.map(|time| run(&time, !in_time || time != *latest)).collect();
                runs.reverse();
                runs
            }
        }
    }
}

impl Beats<ZonedDateTime> for Ticks {
    fn begin(&mut self, _: Instant) {
        let now = self.clock.now();
        // Only the first start looks back: a restart goes on from where the service was.
        let done = self.since.take().unwrap_or(now).min(now);
        self.set(done);
    }

    fn begins_with_a_run(&self) -> bool {
        false
    }

    fn wake(&mut self, now: Instant) -> Option<Instant> {
        let clock = self.clock.now();
        if self.done.duration_since(clock) > CORRECTION {
            tracing::warn!(cron = %self.expression, "the clock was set back; the schedule follows it");
            self.set(clock);
        }
        let begins = self.next.as_ref()?.timestamp().saturating_add(self.delay).ok()?;
        let wait = Duration::try_from(begins.duration_since(clock)).unwrap_or(Duration::ZERO);
        // A clock may jump while a timer sleeps, so no sleep is long.
        now.checked_add(wait.min(LONGEST_SLEEP))
    }

    fn due(&mut self, _: Instant) -> Vec<Request<ZonedDateTime>> {
        let now = self.clock.now();
        let Some(next) = &self.next else { return Vec::new() };
        if next.timestamp().saturating_add(self.delay).is_ok_and(|begins| begins > now) {
            return Vec::new();
        }
        let latest = self.expression.last_until(&now.to_zoned_datetime(self.zone.clone()));
        let latest = latest.filter(|latest| latest > next).unwrap_or_else(|| next.clone());
        let requests = self.requests(&latest, now);
        self.set(latest.timestamp());
        requests
    }

    fn by_hand(&self) -> ZonedDateTime {
        self.clock.now().to_zoned_datetime(self.zone.clone())
    }

    fn idle(&mut self, _: Instant) {}
}

/// A run this much late is not missed.
const IN_TIME: SignedDuration = SignedDuration::from_secs(60);

/// A clock set back by more than this was wrong before; by less, it is being adjusted, and times
/// that were dealt with are not repeated.
const CORRECTION: SignedDuration = SignedDuration::from_hours(3);

const LONGEST_SLEEP: Duration = Duration::from_secs(30);
