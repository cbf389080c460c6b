use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::cancel::{Shield, shield};
use crate::task::{Task, TaskError};
use crate::time::Elapsed;

/// Gives the outcomes of tasks as they come: those that are there first, each exactly once.
///
/// The tasks are only looked at: dropping the stream, or cancelling who reads it, lets them run on.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::{as_completed, spawn};
/// use tokio::time::sleep;
///
/// let tasks = [3, 1, 2].map(|seconds| spawn(async move {
///     sleep(Duration::from_secs(seconds)).await;
///     seconds
/// }));
/// let (mut outcomes, mut order) = (as_completed(tasks), Vec::new());
/// while let Some(outcome) = outcomes.next().await {
///     order.push(outcome.unwrap());
/// }
/// assert_eq!(order, [1, 2, 3]);
/// # }
/// ```
pub fn as_completed<T: Send + 'static>(tasks: impl IntoIterator<Item = Task<T>>) -> Completions<T> {
    Completions { running: tasks.into_iter().map(shield).collect() }
}

/// A stream of the outcomes of tasks; made by [`as_completed`].
#[must_use = "streams do nothing unless polled"]
pub struct Completions<T: Send + 'static> {
    running: FuturesUnordered<Shield<T>>,
}

/// [`Completions`] with a limit in time; made by [`Completions::timeout`].
#[must_use = "streams do nothing unless polled"]
pub struct TimedCompletions<T: Send + 'static> {
    inner: Completions<T>,
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// The limit was reached and has been told.
    over: bool,
    place: &'static Location<'static>,
}

impl<T: Send + 'static> Completions<T> {
    /// The next outcome; `None` when there was one from each task.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an outcome is taken only when it is given.
    pub async fn next(&mut self) -> Option<Result<T, TaskError>> {
        self.running.next().await
    }

    /// Ends after this time, counted from now, with an [`Elapsed`] as the last item if a task is still
    /// running then. What has ended by then is given first. No task is cancelled.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::{future::pending, time::Duration};
    /// use mainspring_task::{as_completed, spawn};
    ///
    /// let mut outcomes = as_completed([spawn(pending::<()>())]).timeout(Duration::from_secs(1));
    /// assert!(outcomes.next().await.unwrap().is_err());
    /// assert!(outcomes.next().await.is_none());
    /// # }
    /// ```
    #[track_caller]
    pub fn timeout(self, limit: Duration) -> TimedCompletions<T> {
        let deadline = Instant::now().checked_add(limit);
        TimedCompletions { inner: self, deadline, timer: None, over: false, place: Location::caller() }
    }
}

impl<T: Send + 'static> TimedCompletions<T> {
    /// The next outcome, or the news that time is over; `None` after either the last task or that.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an outcome is taken only when it is given.
    pub async fn next(&mut self) -> Option<Result<Result<T, TaskError>, Elapsed>> {
        poll_fn(|cx| self.poll_next_unpin(cx)).await
    }

    fn is_out_of_time(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        timer.as_mut().poll(cx).is_ready()
    }
}

impl<T: Send + 'static> Stream for Completions<T> {
    type Item = Result<T, TaskError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.running.poll_next_unpin(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.running.len(), Some(self.running.len()))
    }
}

impl<T: Send + 'static> Stream for TimedCompletions<T> {
    type Item = Result<Result<T, TaskError>, Elapsed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        match self.inner.poll_next_unpin(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map(Ok)),
            Poll::Pending if self.is_out_of_time(cx) => {
                self.over = true;
                Poll::Ready(Some(Err(Elapsed::of(self.place))))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Completions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completions").field("running", &self.running.len()).finish()
    }
}

impl<T: Send + 'static> fmt::Debug for TimedCompletions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedCompletions")
            .field("running", &self.inner.running.len())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
