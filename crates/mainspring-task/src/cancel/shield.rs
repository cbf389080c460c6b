use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::task::{Task, TaskError};

/// The wait for a task that a cancellation of the waiter does not reach; made by [`shield`].
#[must_use = "futures do nothing unless polled"]
pub struct Shield<T> {
    task: Task<T>,
}

/// Waits for a task; when the waiter is cancelled, the task goes on.
///
/// A plain await of a task is not so: it hands the cancellation on to the task.
///
/// # Cancel safety
///
/// Dropping it detaches the task.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, cancel::shield, spawn};
///
/// let done = Shared::new(false);
/// let flag = done.clone();
/// let work = spawn(async move {
///     tokio::task::yield_now().await;
///     flag.set(true);
/// });
/// let waiter = spawn(shield(work));
/// tokio::task::yield_now().await;
/// waiter.cancel();
/// assert!(waiter.await.unwrap_err().is_cancelled());
/// assert!(done.until(|done| *done).await);
/// # }
/// ```
pub fn shield<T: Send + 'static>(task: Task<T>) -> Shield<T> {
    Shield { task }
}

impl<T: Send + 'static> Future for Shield<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.task.poll_unlinked(cx)
    }
}

impl<T> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shield").field(&self.task).finish()
    }
}
