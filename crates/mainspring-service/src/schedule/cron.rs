use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::drive::drive;
use super::job::{Job, job_settings};
use super::ticks::Ticks;
use super::{Clock, Expression, Handle, Missed, OnError, Overlap, ScheduleError};
use crate::{Context, Outcome, Result, Service};

/// A service that does its work at times of the calendar.
///
/// The times are those of an [`Expression`], in UTC unless a [zone](Cron::zone) is given. The
/// service is ready at once. An error or a panic is logged and the work goes on at the next time. A
/// run that is due while another is under way is left out. At shutdown the run that is under way is
/// given the grace to end.
///
/// The clock of the machine is followed when it is set: times that it jumps over are
/// [missed](Missed), and times that it repeats because it is set back by less than 3 hours do not
/// run again.
///
/// ```
/// use mainspring_service::schedule::Cron;
///
/// # fn main() -> Result<(), mainspring_service::schedule::ScheduleError> {
/// let backup = Cron::at("0 3 * * *", || async { /* … */ })?.name("backup").zone("Europe/Moscow")?;
/// assert!(Cron::at("0 3 * *", || async {}).is_err());
/// # drop(backup);
/// # Ok(())
/// # }
/// ```
pub struct Cron {
    job: Job<ZonedDateTime>,
    ticks: Ticks,
}

impl Cron {
    /// Does `work` at the times of a cron expression.
    ///
    /// # Errors
    ///
    /// When the expression cannot be understood; the error names the field.
    #[track_caller]
    pub fn at<F, Fut>(expression: &str, mut work: F) -> Result<Self, ScheduleError>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Ok(Cron::new(expression.parse()?, Location::caller(), move |_| work()))
    }

    /// [`at`](Cron::at) for work that wants to know the time it stands for, which is the same on
    /// all machines however late it runs. A run started by hand is given the time now.
    ///
    /// # Errors
    ///
    /// When the expression cannot be understood.
    #[track_caller]
    pub fn at_time<F, Fut>(expression: &str, work: F) -> Result<Self, ScheduleError>
    where
        F: FnMut(ZonedDateTime) -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Ok(Cron::new(expression.parse()?, Location::caller(), work))
    }

    fn new<F, Fut>(expression: Expression, place: &'static Location<'static>, work: F) -> Self
    where
        F: FnMut(ZonedDateTime) -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Cron { job: Job::new("cron", place, work), ticks: Ticks::new(expression) }
    }

    job_settings! { "cron" }

    /// The time zone, by its name in the IANA database: `Europe/Berlin`. Default: `UTC`.
    ///
    /// # Errors
    ///
    /// When there is no such zone.
    pub fn zone(self, name: &str) -> Result<Self, ScheduleError> {
        let zone = TimeZone::get(name).map_err(|error| ScheduleError::zone(name, error))?;
        Ok(self.time_zone(zone))
    }

    /// The time zone as a value.
    #[must_use]
    pub fn time_zone(mut self, zone: TimeZone) -> Self {
        self.ticks.zone = zone;
        self
    }

    /// The clock. Default: [`SystemClock`](super::SystemClock).
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.ticks.clock = Box::new(clock);
        self
    }

    /// The last time that was dealt with, as remembered from a process before: later times that
    /// are past at the start are [missed](Missed). Default: the start.
    #[must_use]
    pub fn since(mut self, last: Timestamp) -> Self {
        self.ticks.since = Some(last);
        self
    }

    /// What becomes of missed times. Default: they are left out.
    #[must_use]
    pub fn missed(mut self, policy: Missed) -> Self {
        self.ticks.missed = policy;
        self
    }

    /// Delays each run by a random time up to this. Default: none.
    #[must_use]
    pub fn jitter(mut self, most: Duration) -> Self {
        self.ticks.jitter = most;
        self
    }
}

impl Service for Cron {
    fn name(&self) -> String {
        self.job.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        drive(&mut self.job, &mut self.ticks, cx).await
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cron")
            .field("name", &self.job.name)
            .field("expression", &self.ticks.expression.to_string())
            .finish_non_exhaustive()
    }
}
