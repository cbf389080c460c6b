//! The time of day.

use std::time::{Duration, SystemTime};

#[expect(clippy::disallowed_methods, reason = "the one place of the middlewares that reads the calendar")]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// Whole seconds since 1970.
#[cfg(feature = "cookies")]
pub(super) fn unix_seconds() -> u64 {
    since_epoch(now()).as_secs()
}

pub(super) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
