use std::time::Duration;

/// What becomes of a run that is due while another is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overlap {
    /// It is left out. The default.
    #[default]
    Skip,
    /// It waits for its turn, with up to so many others; what is more is left out.
    Queue(usize),
    /// It runs beside the others, up to so many in all; what is more is left out.
    Parallel(usize),
}

impl Overlap {
    /// How many may run at once.
    pub(super) fn width(self) -> usize {
        match self {
            Overlap::Skip | Overlap::Queue(_) => 1,
            Overlap::Parallel(runs) => runs.max(1),
        }
    }

    /// How many may wait.
    pub(super) fn depth(self) -> usize {
        match self {
            Overlap::Queue(runs) => runs,
            Overlap::Skip | Overlap::Parallel(_) => 0,
        }
    }
}

/// What becomes of the series when a run fails or panics. The failure is logged in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnError {
    /// The next run comes as if nothing had happened. The default.
    #[default]
    GoOn,
    /// The service fails.
    Fail,
    /// The next run comes when it is due, but not before a pause that doubles with each failure in
    /// a row.
    Backoff {
        /// The pause after the first failure.
        first: Duration,
        /// The longest pause.
        longest: Duration,
    },
}

impl OnError {
    /// A pause that begins with `first` and doubles up to `longest`.
    #[must_use]
    pub fn backoff(first: Duration, longest: Duration) -> Self {
        OnError::Backoff { first, longest }
    }

    /// The pause after so many failures in a row.
    pub(super) fn pause(self, failures: u32) -> Option<Duration> {
        let OnError::Backoff { first, longest } = self else { return None };
        let doublings = failures.checked_sub(1)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        Some(first.saturating_mul(factor).min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_longest() {
        let policy = OnError::backoff(Duration::from_secs(1), Duration::from_secs(5));
        let pauses = [0, 1, 2, 3, 4, 99].map(|failures| policy.pause(failures).map(|pause| pause.as_secs()));
        assert_eq!(pauses, [None, Some(1), Some(2), Some(4), Some(5), Some(5)]);
    }
}
