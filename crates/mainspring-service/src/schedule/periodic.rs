use std::fmt;
use std::future::{Future, pending};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::{Context, Outcome, Result, Service};

/// A service that does the same work again and again.
///
/// The first run begins at once, and the service is ready after it; the others follow at a fixed
/// rate. A run that takes longer than the period delays the next one: runs never overlap, and the
/// beats that were missed are left out. An error is logged and the work goes on at the next beat.
/// At shutdown the run that is under way is given the grace to end.
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
pub struct Periodic<F> {
    name: String,
    period: Duration,
    work: F,
}

impl<F, Fut> Periodic<F>
where
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    /// Does `work` at once and then every `period`. A period of zero is taken as one millisecond.
    pub fn every(period: Duration, work: F) -> Self {
        Periodic { name: "periodic".to_owned(), period: period.max(Duration::from_millis(1)), work }
    }

    /// The name of the service. Default: `periodic`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    async fn run(&mut self, cx: &Context) {
        if let Err(error) = (self.work)().await.into_result() {
            tracing::error!(service = cx.service(), %error, "a periodic run failed");
        }
    }
}

impl<F, Fut> Service for Periodic<F>
where
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        let stopping = cx.stopping();
        let mut beat = Some(Instant::now());
        loop {
            tokio::select! {
                biased;
                () = stopping.wait() => return Ok(()),
                () = wait_for(beat) => self.run(cx).await,
            }
            cx.ready();
            beat = beat.and_then(|beat| next_beat(beat, self.period, Instant::now()));
        }
    }
}

/// The first beat after `now` of the series that `beat` belongs to; `None` when it never comes.
fn next_beat(beat: Instant, period: Duration, now: Instant) -> Option<Instant> {
    let late = now.saturating_duration_since(beat).as_nanos();
    let missed = u32::try_from(late / period.as_nanos()).unwrap_or(u32::MAX);
    beat.checked_add(period.checked_mul(missed.saturating_add(1))?)
}

async fn wait_for(beat: Option<Instant>) {
    match beat {
        Some(beat) => sleep_until(beat).await,
        None => pending().await,
    }
}

impl<F> fmt::Debug for Periodic<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Periodic")
            .field("name", &self.name)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}
