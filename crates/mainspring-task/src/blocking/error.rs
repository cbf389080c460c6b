use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::task::TaskError;

/// Why a job gave no value: its pool did not take it, or it was cancelled or panicked.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::threaded;
///
/// let error = threaded(|| -> u8 { panic!("no such {}", "file") }).await.unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.panic_message(), Some("no such file"));
/// # }
/// ```
#[derive(Clone)]
pub struct PoolError {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Full { pool: Arc<str>, threads: usize, queue: usize },
    ShutDown { pool: Arc<str> },
    NoThread { pool: Arc<str> },
    Task(TaskError),
}

impl PoolError {
    pub(super) fn full(pool: &Arc<str>, threads: usize, queue: usize) -> Self {
        PoolError { kind: Kind::Full { pool: Arc::clone(pool), threads, queue } }
    }

    pub(super) fn shut_down(pool: &Arc<str>) -> Self {
        PoolError { kind: Kind::ShutDown { pool: Arc::clone(pool) } }
    }

    pub(super) fn no_thread(pool: &Arc<str>) -> Self {
        PoolError { kind: Kind::NoThread { pool: Arc::clone(pool) } }
    }

    pub(super) fn task(error: TaskError) -> Self {
        PoolError { kind: Kind::Task(error) }
    }

    /// True when the pool refuses what has no place; see [`Full::Refuse`](super::Full::Refuse).
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Kind::Full { .. })
    }

    /// True when the pool was shut down before the job could start.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self.kind, Kind::ShutDown { .. })
    }

    /// True when the system gave the pool not a single thread. The log says why.
    #[must_use]
    pub fn is_no_thread(&self) -> bool {
        matches!(self.kind, Kind::NoThread { .. })
    }

    /// True when the job was cancelled in the registry before it started.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.as_task().is_some_and(TaskError::is_cancelled)
    }

    /// True when the closure or the iterator panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.as_task().is_some_and(TaskError::is_panic)
    }

    /// What the panic said, when its payload was text.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        self.as_task().and_then(TaskError::panic_message)
    }

    /// Takes the payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// `None` when there was no panic, or when a clone of this error has taken the payload.
    #[must_use]
    pub fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        match self.kind {
            Kind::Task(error) => error.into_panic(),
            _ => None,
        }
    }

    fn as_task(&self) -> Option<&TaskError> {
        match &self.kind {
            Kind::Task(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Full { pool, threads, queue } => {
                write!(f, "pool `{pool}` is full: {threads} threads are busy and {queue} jobs are queued")
            }
            Kind::ShutDown { pool } => write!(f, "pool `{pool}` was shut down"),
            Kind::NoThread { pool } => write!(f, "pool `{pool}` could not start a thread"),
            Kind::Task(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolError({self})")
    }
}

impl std::error::Error for PoolError {}

/// A job may be gathered with others, whose tasks may end without a value.
impl From<TaskError> for PoolError {
    fn from(error: TaskError) -> Self {
        PoolError::task(error)
    }
}
