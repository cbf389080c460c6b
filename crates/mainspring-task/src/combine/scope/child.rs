use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::Failure;
use crate::inspect::TaskRef;
use crate::task::Task;

/// The handle of a child of a scope, and the future of its value; made by
/// [`Scope::spawn`](super::Scope::spawn).
///
/// The child belongs to its scope: dropping the handle, or cancelling who awaits it, leaves it alone.
///
/// # Errors
///
/// Awaiting it gives the [`Failure`] of a child that has failed, was cancelled, or was refused.
///
/// # Panics
///
/// Polling it again after it has given its outcome panics.
pub struct Child<T> {
    state: State<T>,
}

enum State<T> {
    Spawned { task: Task<Result<T, Failure>>, reference: TaskRef },
    Refused(Failure),
}

impl<T: Send + 'static> Child<T> {
    pub(super) fn new(task: Task<Result<T, Failure>>) -> Self {
        let reference = task.reference();
        Child { state: State::Spawned { task, reference } }
    }

    pub(super) fn refused(failure: Failure) -> Self {
        Child { state: State::Refused(failure) }
    }

    /// The scope took no more children: this one never ran.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.state, State::Refused(_))
    }

    /// Asks the child to stop, as [`Task::cancel`] does. Its scope and its siblings do not mind.
    ///
    /// Returns whether it was still running.
    pub fn cancel(&self) -> bool {
        self.reference().is_some_and(TaskRef::cancel)
    }

    /// The child's task; `None` when it was refused.
    #[must_use]
    pub fn reference(&self) -> Option<&TaskRef> {
        match &self.state {
            State::Spawned { reference, .. } => Some(reference),
            State::Refused(_) => None,
        }
    }
}

impl<T: Send + 'static> Future for Child<T> {
    type Output = Result<T, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Refused(failure) => Poll::Ready(Err(failure.clone())),
            State::Spawned { task, .. } => task
                .poll_unlinked(cx)
                .map(|outcome| outcome.unwrap_or_else(|error| Err(Failure::of_task(error)))),
        }
    }
}

impl<T> fmt::Debug for Child<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Spawned { task, .. } => f.debug_tuple("Child").field(task).finish(),
            State::Refused(failure) => f.debug_tuple("Child").field(failure).finish(),
        }
    }
}

/// How a child that was [started](super::Scope::start) says that it is ready.
#[must_use = "dropping it says that the child will never be ready"]
pub struct Ready<T> {
    tell: oneshot::Sender<T>,
}

impl<T> Ready<T> {
    pub(super) fn new(tell: oneshot::Sender<T>) -> Self {
        Ready { tell }
    }

    /// Hands a value to whoever started the child, which goes on.
    pub fn ready(self, value: T) {
        // Nobody waits for it when the start was cancelled, and then the child is, too.
        let _ = self.tell.send(value);
    }
}

impl<T> fmt::Debug for Ready<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}
