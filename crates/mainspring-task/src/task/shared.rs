use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::Shared;

use super::{Task, TaskError};
use crate::cancel::{Shield, shield};
use crate::inspect::TaskRef;

/// A task that any number of others await, each any number of times; made by [`Task::shared`].
///
/// It belongs to none of them: cancelling one waiter leaves the task and the other waiters alone.
#[derive(Clone)]
pub struct SharedTask<T: Clone + Send + Sync + 'static> {
    outcome: Shared<Shield<T>>,
    /// What this handle has given: its `outcome` gives that once.
    given: Option<Result<T, TaskError>>,
    task: TaskRef,
}

impl<T: Clone + Send + Sync + 'static> SharedTask<T> {
    pub(super) fn new(task: Task<T>) -> Self {
        let reference = task.reference();
        SharedTask { outcome: shield(task).shared(), given: None, task: reference }
    }

    /// The task behind it: its name, its state, its end.
    #[must_use]
    pub fn reference(&self) -> &TaskRef {
        &self.task
    }

    /// Asks the task to stop; see [`Task::cancel`].
    pub fn cancel(&self) -> bool {
        self.task.cancel()
    }
}

impl<T: Clone + Send + Sync + 'static> Future for SharedTask<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(given) = &self.given {
            return Poll::Ready(given.clone());
        }
        let polled = self.outcome.poll_unpin(cx);
        if let Poll::Ready(outcome) = &polled {
            self.given = Some(outcome.clone());
        }
        polled
    }
}

/// Nothing in it is pinned.
impl<T: Clone + Send + Sync + 'static> Unpin for SharedTask<T> {}

impl<T: Clone + Send + Sync + 'static> fmt::Debug for SharedTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedTask").field(&self.task).finish()
    }
}
