use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::RunError;
use super::job::Reply;

/// Starts runs of a schedule by hand, and shows its figures.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::{Entrypoint, schedule::Periodic};
///
/// let refresh = Periodic::every(Duration::from_secs(3600), || async {});
/// let handle = refresh.handle();
/// let stats = Entrypoint::new("demo").service(refresh).run_until(async move {
///     handle.run_now().await.unwrap();
///     handle.stats()
/// });
/// assert_eq!(stats.unwrap().runs, 2);
/// ```
#[derive(Clone)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Reply>,
    pub(super) board: Arc<Board>,
}

impl Handle {
    /// Asks for a run, and waits until it has ended.
    ///
    /// The overlap policy applies to it too. Before the service has started, it waits for that.
    ///
    /// # Errors
    ///
    /// When the run was left out, when it failed or panicked, and when the schedule has stopped.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the run is asked for; dropping it then only ends the wait.
    pub async fn run_now(&self) -> Result<(), RunError> {
        let (reply, outcome) = oneshot::channel();
        self.requests.send(reply).await.map_err(|_| RunError::stopped())?;
        outcome.await.unwrap_or_else(|_| Err(RunError::stopped()))
    }

    /// What the schedule does now and has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        *self.board.lock()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// The figures of one schedule at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Runs that have ended.
    pub runs: u64,
    /// Those that failed or panicked.
    pub failures: u64,
    /// Failures in a row until now.
    pub failures_in_a_row: u32,
    /// Runs that were left out.
    pub skipped: u64,
    /// Runs under way.
    pub running: usize,
    /// Runs that wait for their turn.
    pub queued: usize,
    /// How long the last run took.
    pub last: Option<Duration>,
    /// How long all runs took together.
    pub total: Duration,
}

/// Where the service writes its figures. Locked for an update, never across an await.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<Stats>);

impl Board {
    pub(super) fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
