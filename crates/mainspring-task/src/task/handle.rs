use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Core, Ended, Registered, SharedTask, TaskError, TaskId};
use crate::cancel::{Kind, Reason, Seat};
use crate::context::Snapshot;
use crate::inspect::{TaskRef, follow};

/// The handle of a task, and the future of its outcome.
///
/// Awaiting it gives the value of the task's future, or a [`TaskError`] that says whether the task
/// was cancelled or panicked. Dropping it lets the task run on.
///
/// A task that is awaited belongs to its awaiter: when that is cancelled, the task is cancelled too,
/// and waited for. [`shield`](crate::cancel::shield) undoes that.
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
    /// Where it is awaited: a request that comes there is handed on to this task.
    seat: Seat,
}

impl<T: Send + 'static> Task<T> {
    pub(super) fn new(core: Arc<Core<T>>) -> Self {
        let place = core.node().place();
        Task { core, seat: Seat::new(Kind::Await, place) }
    }

    /// Asks the task to stop; [the module](crate::cancel) says how a request travels.
    ///
    /// Without guards the body is dropped at its next poll. A task that has not been polled yet
    /// never runs. Asking a second time, before the first request is through, drops the body with
    /// its guards. Returns whether the task was still running.
    pub fn cancel(&self) -> bool {
        self.reference().cancel()
    }

    /// [`cancel`](Task::cancel), with a reason that reaches whoever awaits the task.
    pub fn cancel_with(&self, reason: impl Into<Reason>) -> bool {
        self.reference().cancel_with(reason)
    }

    /// Has the body dropped at its next poll, with its guards: no cleanup is waited for or rescued.
    ///
    /// Returns whether the task was still running.
    pub fn abort(&self) -> bool {
        self.reference().abort()
    }

    /// Calls `callback` when the task has ended; at once, but not inline, when it has already.
    ///
    /// Callbacks run in the order in which they came. A panic in one is logged, and leaves the
    /// others alone.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::{Shared, spawn};
    ///
    /// let (count, task) = (Shared::new(0), spawn(async {}));
    /// let counter = count.clone();
    /// task.on_end(move |ended| counter.update(|count| *count += u32::from(ended.is_ok())));
    /// task.await.unwrap();
    /// assert_eq!(count.get(), 1);
    /// # }
    /// ```
    pub fn on_end(&self, callback: impl FnOnce(&Ended) + Send + 'static) {
        let context = Snapshot::capture();
        self.core.on_end(Box::new(move |ended| context.run(|| callback(ended))));
    }

    /// Makes a handle that many can await, each any number of times.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = mainspring_task::spawn(async { 42 }).shared();
    /// let other = task.clone();
    /// assert_eq!((task.await.unwrap(), other.await.unwrap()), (42, 42));
    /// # }
    /// ```
    pub fn shared(self) -> SharedTask<T>
    where
        T: Clone + Sync,
    {
        SharedTask::new(self)
    }

    /// The outcome, without handing a cancellation of the waiter on to the task.
    pub(crate) fn poll_unlinked(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>> {
        follow(cx, |cx| self.core.poll_join(cx.waker()))
    }

    /// Whether the outcome is there; it stays with the task. Hands no cancellation on.
    pub(crate) fn poll_finished(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.core.poll_finished(cx.waker())
    }

    /// Looks at the outcome of a finished task, and leaves it there.
    pub(crate) fn look<R>(&mut self, look: impl FnOnce(&Result<T, TaskError>) -> R) -> Option<R> {
        match self.core.poll_join(Waker::noop()) {
            Poll::Pending => None,
            Poll::Ready(outcome) => {
                let seen = look(&outcome);
                self.core.put_back(outcome);
                Some(seen)
            }
        }
    }

    /// A panic that nobody awaits is not reported: whoever calls this knows of it in another way.
    pub(crate) fn quiet(&self) {
        self.core.quiet();
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

impl<T: Send + 'static> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match follow(cx, |cx| this.core.poll_join(cx.waker())) {
            // The request that ended the task drops what stands around this await, at this await.
            Poll::Ready(Err(error)) if this.core.has_passed_on() && this.seat.is_passed_by() => {
                this.core.put_back(Err(error));
                Poll::Pending
            }
            Poll::Ready(result) => {
                this.seat.leave();
                Poll::Ready(result)
            }
            Poll::Pending => {
                let target = Arc::clone(&this.core) as Arc<dyn Registered>;
                if this.seat.take(Some(&target), cx) && !this.core.set_awaiter(this.seat.position()) {
                    this.seat.leave();
                }
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.core.set_awaiter(None);
        self.core.detach();
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.core.node().label())
    }
}
