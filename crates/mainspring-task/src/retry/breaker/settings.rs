use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::State;

pub(super) type Hook = Arc<dyn Fn(State, State) + Send + Sync>;

/// When a breaker opens, for how long, and what closes it.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) name: Arc<str>,
    pub(super) failure_ratio: Option<f64>,
    pub(super) minimum: u64,
    pub(super) consecutive: Option<u64>,
    pub(super) window: Duration,
    pub(super) open_for: Duration,
    pub(super) probes: usize,
    pub(super) slow: Option<Slow>,
    pub(super) on_change: Option<Hook>,
}

/// Which calls are slow, and what share of them opens the breaker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slow {
    pub(super) after: Duration,
    pub(super) ratio: f64,
}

impl Settings {
    pub(super) fn new(name: Arc<str>) -> Self {
        Settings {
            name,
            failure_ratio: Some(0.5),
            minimum: 10,
            consecutive: Some(5),
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(5),
            probes: 1,
            slow: None,
            on_change: None,
        }
    }

    pub(super) fn is_slow(&self, took: Duration) -> bool {
        self.slow.is_some_and(|slow| took >= slow.after)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("failure_ratio", &self.failure_ratio)
            .field("minimum", &self.minimum)
            .field("consecutive", &self.consecutive)
            .field("window", &self.window)
            .field("open_for", &self.open_for)
            .field("probes", &self.probes)
            .field("slow", &self.slow)
            .finish_non_exhaustive()
    }
}
