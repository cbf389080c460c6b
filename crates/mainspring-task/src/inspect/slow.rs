use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::Label;
use super::ticks::{self, Scale};

/// A task that is slow again and again is named once in this time, with a count of the rest.
const PAUSE: Duration = Duration::from_secs(10);

static THRESHOLD_NANOS: AtomicU64 = AtomicU64::new(100_000_000);
/// No poll of fewer ticks is slow; how many more it takes is looked at only then. At first the
/// length of a tick is not known, but taken to be two nanoseconds at most.
static SUSPECT_TICKS: AtomicU64 = AtomicU64::new(50_000_000);
static SLOW_POLLS: AtomicU64 = AtomicU64::new(0);

/// How long a poll may take before it is reported as slow. Default: 100 ms.
#[must_use]
pub fn slow_poll() -> Duration {
    Duration::from_nanos(THRESHOLD_NANOS.load(Relaxed))
}

/// Sets how long a poll may take before it is reported as slow: when it has ended, with the task's
/// name and place, as a warning in the log and in [`slow_polls`].
///
/// While a task is being polled its thread runs no other task: whatever takes long, or blocks,
/// belongs elsewhere. A task is named in the log once in ten seconds at most; each slow poll counts.
///
/// ```
/// use std::time::Duration;
/// use mainspring_task::inspect;
///
/// assert_eq!(inspect::slow_poll(), Duration::from_millis(100));
/// inspect::set_slow_poll(Duration::from_millis(20));
/// assert_eq!(inspect::slow_poll(), Duration::from_millis(20));
/// ```
pub fn set_slow_poll(threshold: Duration) {
    let nanos = ticks::nanos(threshold);
    THRESHOLD_NANOS.store(nanos, Relaxed);
    SUSPECT_TICKS.store(nanos / 2, Relaxed);
}

/// How many polls of this process have taken longer than [`slow_poll`].
#[must_use]
pub fn slow_polls() -> u64 {
    SLOW_POLLS.load(Relaxed)
}

/// Whether a poll may have been slow.
#[inline]
pub(super) fn is_suspect(ticks: u64) -> bool {
    ticks > SUSPECT_TICKS.load(Relaxed)
}

/// What one task has been reported for.
#[derive(Default)]
pub(super) struct Slow {
    /// When it was last named in the log; zero when never.
    named: AtomicU64,
    /// Its slow polls since.
    unnamed: AtomicU64,
}

impl Slow {
    /// Called by the thread that has polled the task.
    #[cold]
    pub(super) fn report(&self, took: u64, label: impl FnOnce() -> Label) {
        let (scale, threshold) = (Scale::now(), slow_poll());
        let took = scale.duration(took);
        if took <= threshold {
            SUSPECT_TICKS.store(scale.ticks(threshold), Relaxed);
            return;
        }
        SLOW_POLLS.fetch_add(1, Relaxed);
        let (now, named) = (ticks::now(), self.named.load(Relaxed));
        if named > 0 && scale.duration(now.saturating_sub(named)) < PAUSE {
            self.unnamed.fetch_add(1, Relaxed);
            return;
        }
        self.named.store(now, Relaxed);
        let unnamed = self.unnamed.swap(0, Relaxed);
        let task = label();
        tracing::warn!(%task, ?took, not_named = unnamed, "a poll was slow: its thread ran nothing else meanwhile");
    }
}
