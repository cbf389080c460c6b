use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Until;
use crate::task::Task;

/// Waits for tasks, and gives their handles back: those that have ended, and those that have not.
///
/// No task is ever cancelled by it. An outcome is not taken: awaiting a task that has ended gives it
/// at once. Tasks that end in the same turn are all reported as ended. No tasks are waited for no
/// time at all. By default there is no limit in time; see [`Wait::timeout`].
///
/// # Cancel safety
///
/// When it is cancelled or dropped the tasks run on, detached: take a
/// [`reference`](Task::reference) of those that are to be found again, or
/// [share](Task::shared) them.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::{Until, spawn, wait};
/// use tokio::time::sleep;
///
/// let tasks = [1, 5].map(|seconds| spawn(async move {
///     sleep(Duration::from_secs(seconds)).await;
///     seconds
/// }));
/// let waited = wait(tasks, Until::All).timeout(Duration::from_secs(2)).await;
/// assert_eq!(waited.pending.len(), 1);
/// for task in waited.done {
///     assert_eq!(task.await.unwrap(), 1);
/// }
/// # }
/// ```
pub fn wait<T: Send + 'static>(tasks: impl IntoIterator<Item = Task<T>>, until: Until<T>) -> Wait<T> {
    let watch = |(index, task)| Watched { index, task: Some(task) };
    let running: FuturesUnordered<_> = tasks.into_iter().enumerate().map(watch).collect();
    Wait { running, done: Vec::new(), until, met: false, deadline: None, timer: None }
}

/// A wait for tasks; made by [`wait`].
#[must_use = "futures do nothing unless polled"]
pub struct Wait<T: Send + 'static> {
    running: FuturesUnordered<Watched<T>>,
    done: Vec<Task<T>>,
    until: Until<T>,
    /// One has ended in the way that was waited for.
    met: bool,
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What [`wait`] gives back: every task it was given, once.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that have ended, in the order in which they were seen to end.
    pub done: Vec<Task<T>>,
    /// Those that have not, in the order of the input. Dropping them lets them run on.
    pub pending: Vec<Task<T>>,
}

impl<T: Send + 'static> Wait<T> {
    /// Waits no longer than this, counted from now; what has not ended then is still pending, and
    /// that is no error.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.deadline = Instant::now().checked_add(limit);
        self
    }

    fn is_out_of_time(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        timer.as_mut().poll(cx).is_ready()
    }

    fn finish(&mut self) -> Waited<T> {
        let mut done = std::mem::take(&mut self.done);
        let mut rest: Vec<_> = std::mem::take(&mut self.running).into_iter().collect();
        rest.sort_by_key(|watched| watched.index);
        let rest = rest.into_iter().filter_map(|watched| watched.task);
        // Those that ended in the turn of the last one, and have not been looked at yet.
        let (ended, pending): (Vec<_>, _) = rest.partition(Task::is_finished);
        done.extend(ended);
        Waited { done, pending }
    }
}

impl<T: Send + 'static> Future for Wait<T> {
    type Output = Waited<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Waited<T>> {
        let this = &mut *self;
        while let Poll::Ready(ended) = this.running.poll_next_unpin(cx) {
            let Some(mut task) = ended else { return Poll::Ready(this.finish()) };
            this.met |= this.until.is_met_by(&mut task);
            this.done.push(task);
        }
        if this.met || this.is_out_of_time(cx) { Poll::Ready(this.finish()) } else { Poll::Pending }
    }
}

impl<T: Send + 'static> Unpin for Wait<T> {}

impl<T: Send + 'static> fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("running", &self.running.len())
            .field("done", &self.done)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Gives the task's handle back when the task has ended.
struct Watched<T> {
    index: usize,
    /// `None` once it has been given back.
    task: Option<Task<T>>,
}

impl<T: Send + 'static> Future for Watched<T> {
    type Output = Task<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Task<T>> {
        let task = self.task.as_ref().expect("it is given back at the end");
        if task.poll_finished(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.task.take().expect("it was there a moment ago"))
    }
}
