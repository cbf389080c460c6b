use std::fmt;
use std::time::Duration;

/// Whether a breaker lets calls through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// All calls go through, and are counted.
    Closed,
    /// None does.
    Open,
    /// A few do, as probes; their outcome says whether it closes or opens again.
    HalfOpen,
}

impl State {
    /// True when all calls go through.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self == State::Closed
    }

    /// True when no call goes through.
    #[must_use]
    pub fn is_open(self) -> bool {
        self == State::Open
    }

    /// True when only probes go through.
    #[must_use]
    pub fn is_half_open(self) -> bool {
        self == State::HalfOpen
    }
}

/// `closed`, `open` or `half-open`.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half-open",
        })
    }
}

/// What a breaker has seen, at one moment; made by [`Breaker::status`](super::Breaker::status).
///
/// What is counted within the window and in a row is zero unless the breaker is closed.
///
/// ```
/// use mainspring_task::retry::Breaker;
///
/// let breaker = Breaker::new("payments");
/// breaker.permit().unwrap().failure();
/// let status = breaker.status();
/// assert_eq!((status.calls, status.failures, status.consecutive), (1, 1, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether calls go through.
    pub state: State,
    /// Calls that ended within the window.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Those of them that were slow; zero when the breaker was not told what is slow.
    pub slow: u64,
    /// Failures since the last success.
    pub consecutive: u64,
    /// Probes that are under way.
    pub probes: usize,
    /// How often the breaker has opened since it was made.
    pub opened: u64,
    /// Calls that were refused since it was made.
    pub refused: u64,
    /// When the next call may go through, if none does now.
    pub retry_after: Option<Duration>,
}
