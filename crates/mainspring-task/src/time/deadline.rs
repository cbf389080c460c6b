use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::Timeout;

/// A moment at which something times out, and which can be moved while it runs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::time::Deadline;
/// use tokio::time::{Instant, sleep};
///
/// let deadline = Deadline::after(Duration::from_secs(1));
/// let longer = deadline.clone();
/// let done = deadline.limit(async move {
///     longer.reschedule(Some(Instant::now() + Duration::from_secs(10))).unwrap();
///     sleep(Duration::from_secs(5)).await;
/// });
/// assert!(done.await.is_ok());
/// # }
/// ```
#[derive(Clone)]
pub struct Deadline {
    shared: Arc<Mutex<State>>,
}

/// Locked for a few loads and stores; nothing of the user's runs under it.
struct State {
    at: Option<Instant>,
    phase: Phase,
    waker: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Expired,
    Finished,
}

/// The deadline could not be moved: what it limited has ended or has timed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished;

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the deadline limited has ended")
    }
}

impl std::error::Error for Finished {}

impl Deadline {
    /// After a duration from now. One too long to be told apart from never is never.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self::new(Instant::now().checked_add(duration))
    }

    /// At a moment.
    #[must_use]
    pub fn at(moment: Instant) -> Self {
        Self::new(Some(moment))
    }

    /// Never, until it is [rescheduled](Deadline::reschedule).
    #[must_use]
    pub fn never() -> Self {
        Self::new(None)
    }

    /// Limits a future by this deadline. Meant for one future; a second is limited by it too.
    #[track_caller]
    pub fn limit<F: Future>(&self, body: F) -> Timeout<F> {
        Timeout::new(self.moment(), Some(self.clone()), body)
    }

    /// Moves the deadline, or takes it away.
    ///
    /// # Errors
    ///
    /// [`Finished`] when what it limits has ended or has timed out.
    pub fn reschedule(&self, at: Option<Instant>) -> Result<(), Finished> {
        let mut state = self.lock();
        if state.phase != Phase::Running {
            return Err(Finished);
        }
        state.at = at;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// The moment; `None` when there is none.
    #[must_use]
    pub fn moment(&self) -> Option<Instant> {
        self.lock().at
    }

    /// It has been reached while what it limits was running.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.lock().phase == Phase::Expired
    }

    pub(super) fn listen(&self, waker: &Waker) -> Option<Instant> {
        let mut state = self.lock();
        state.waker = Some(waker.clone());
        state.at
    }

    pub(super) fn expire(&self) {
        self.lock().phase = Phase::Expired;
    }

    pub(super) fn finish(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Finished;
        }
    }

    fn new(at: Option<Instant>) -> Self {
        Deadline { shared: Arc::new(Mutex::new(State { at, phase: Phase::Running, waker: None })) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Deadline").field("at", &state.at).field("phase", &state.phase).finish()
    }
}
