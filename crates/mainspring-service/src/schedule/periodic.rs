use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use super::drive::drive;
use super::job::{Job, job_settings};
use super::rhythm::Rhythm;
use super::{Handle, OnError, Overlap};
use crate::{Context, Outcome, Result, Service};

/// A service that does the same work again and again.
///
/// The first run begins at once, and the service is ready after it; with a first delay it is ready
/// at once. An error or a panic is logged and the work goes on at the next beat. A run that is due
/// while another is under way is left out. At shutdown the run that is under way is given the grace
/// to end.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::{Entrypoint, schedule::Periodic};
/// use mainspring_task::Shared;
///
/// let beats = Shared::new(0);
/// let count = beats.clone();
/// let beat = Periodic::every(Duration::from_millis(1), move || {
///     let count = count.clone();
///     async move { count.update(|count| *count += 1) }
/// });
/// let reached = beats.clone();
/// let run = Entrypoint::new("beats").service(beat).run_until(async move { reached.until(|n| *n >= 3).await });
/// assert!(run.unwrap() >= 3);
/// ```
pub struct Periodic {
    job: Job<()>,
    rhythm: Rhythm,
}

impl Periodic {
    /// Does `work` at a fixed rate: at once and then every `period`, whatever a run takes.
    ///
    /// A period of zero is taken as one millisecond.
    #[track_caller]
    pub fn every<F, Fut>(period: Duration, work: F) -> Self
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Periodic::new(Rhythm::new(period, false), Location::caller(), work)
    }

    /// Does `work` at once and then again a `pause` after the end of each run.
    #[track_caller]
    pub fn pausing<F, Fut>(pause: Duration, work: F) -> Self
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Periodic::new(Rhythm::new(pause, true), Location::caller(), work)
    }

    fn new<F, Fut>(rhythm: Rhythm, place: &'static Location<'static>, mut work: F) -> Self
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        Periodic { job: Job::new("periodic", place, move |()| work()), rhythm }
    }

    job_settings! { "periodic" }

    /// How long after the start the first run begins. Default: at once.
    #[must_use]
    pub fn first_after(mut self, delay: Duration) -> Self {
        self.rhythm.first = delay;
        self
    }

    /// Delays each run by a random time up to this, so that many processes do not beat as one. The
    /// rate itself does not drift. Default: none. Of a fixed rate it takes up to nine tenths of the period,
    /// so that no run is late for the next.
    #[must_use]
    pub fn jitter(mut self, most: Duration) -> Self {
        self.rhythm.jitter = most;
        self
    }
}

impl Service for Periodic {
    fn name(&self) -> String {
        self.job.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        drive(&mut self.job, &mut self.rhythm, cx).await
    }
}

impl fmt::Debug for Periodic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Periodic")
            .field("name", &self.job.name)
            .field("rhythm", &self.rhythm)
            .finish_non_exhaustive()
    }
}
