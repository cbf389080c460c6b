use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Core, Registered, TaskError, TaskId};
use crate::cancel::Reason;
use crate::inspect::TaskRef;

/// The handle of a task, and the future of its outcome.
///
/// Awaiting it gives the value of the task's future, or a [`TaskError`] that says whether the task
/// was cancelled or panicked. Dropping it lets the task run on.
///
/// # Cancel safety
///
/// Awaiting `&mut task` is cancel safe: the outcome stays with the task until it is taken.
///
/// # Panics
///
/// Polling it again after it has given its outcome panics.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let task = mainspring_task::spawn(std::future::pending::<()>());
/// task.cancel_with("no longer needed");
/// let error = task.await.unwrap_err();
/// assert!(error.is_cancelled());
/// assert_eq!(error.reason().unwrap().as_str(), "no longer needed");
/// # }
/// ```
#[must_use = "dropping a task's handle lets the task run on unseen: await it, keep it, or call `detach`"]
pub struct Task<T> {
    core: Arc<Core<T>>,
}

impl<T: Send + 'static> Task<T> {
    pub(super) fn new(core: Arc<Core<T>>) -> Self {
        Task { core }
    }

    /// Asks the task to stop: its body is dropped at the next poll, at the await where it stands.
    ///
    /// Does nothing when the task has ended. A task that has not been polled yet never runs.
    /// Returns whether the task was still running.
    pub fn cancel(&self) -> bool {
        self.reference().cancel()
    }

    /// [`cancel`](Task::cancel), with a reason that reaches whoever awaits the task.
    pub fn cancel_with(&self, reason: impl Into<Reason>) -> bool {
        self.reference().cancel_with(reason)
    }

    /// Lets the task run on by itself; the same as dropping the handle, said aloud.
    pub fn detach(self) {}

    /// The outcome is there: the body is gone and awaiting returns at once.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.core.is_finished()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.core.node().id
    }

    /// The name it was given, else `task-` and its id.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.core.node().name()
    }

    /// A handle without the output type, as [`all_tasks`](crate::all_tasks) gives.
    #[must_use]
    pub fn reference(&self) -> TaskRef {
        TaskRef::new(Arc::clone(&self.core) as Arc<dyn Registered>)
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.core.poll_join(cx.waker())
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.core.detach();
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.core.node().label())
    }
}
