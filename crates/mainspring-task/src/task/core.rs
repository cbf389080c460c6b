use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::task::{Poll, Waker};

use super::{Builder, Ended, TaskError};
use crate::inspect::{Node, Position};
use crate::lock::{Mutex, MutexGuard};

/// What the handle and the running body of one task share.
///
/// One allocation per task. The registry holds it too, as a [`Registered`], until the body is gone.
pub(crate) struct Core<T> {
    node: Node,
    join: Mutex<Join<T>>,
}

/// A task of any output type.
pub(crate) trait Registered: Send + Sync {
    fn node(&self) -> &Node;

    /// Calls back when it has ended. What is no task forgets the callback.
    fn on_end(&self, callback: Callback) {
        drop(callback);
    }
}

impl<T: Send> Registered for Core<T> {
    fn node(&self) -> &Node {
        &self.node
    }

    fn on_end(&self, callback: Callback) {
        self.on_end(callback);
    }
}

/// Held for a few loads and stores only; wakers and user code run after it is released.
struct Join<T> {
    outcome: Outcome<T>,
    waiter: Option<Waker>,
    /// The handle is gone: nobody will ask for the outcome.
    detached: bool,
    /// A panic is somebody else's to report.
    quiet: bool,
    /// The body is gone and the outcome is on its way here: nobody is answered for any more.
    ending: bool,
    /// The task ended because its awaiter was asked, and has passed the request on.
    passed_on: bool,
    ended: Option<Ended>,
    /// Run in this order when the task has ended.
    callbacks: Vec<Callback>,
}

pub(crate) type Callback = Box<dyn FnOnce(&Ended) + Send>;

enum Outcome<T> {
    Running,
    Done(Result<T, TaskError>),
    Taken,
}

impl<T> Join<T> {
    fn listen(&mut self, waker: &Waker) {
        if !self.waiter.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waiter = Some(waker.clone());
        }
    }
}

impl<T> Core<T> {
    pub(crate) fn new(node: Node) -> Self {
        Core {
            node,
            join: Mutex::new(Join {
                outcome: Outcome::Running,
                waiter: None,
                detached: false,
                quiet: false,
                ending: false,
                passed_on: false,
                ended: None,
                callbacks: Vec::new(),
            }),
        }
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Ends the task. Called once, by the body, when the user's future has been dropped.
    pub(crate) fn complete(&self, result: Result<T, TaskError>) {
        self.node.retire();
        let ended = Ended::of(&result);
        // Before the outcome can be seen, so that it is known with it whether the request passed on.
        let passed_on = self.answer_for_awaiter(&ended);
        let mut join = self.lock();
        let (waiter, callbacks) = (join.waiter.take(), std::mem::take(&mut join.callbacks));
        (join.passed_on, join.ended) = (passed_on, Some(ended.clone()));
        let unseen = if join.detached {
            join.outcome = Outcome::Taken;
            (!join.quiet).then_some(result)
        } else {
            join.outcome = Outcome::Done(result);
            None
        };
        drop(join);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
        for callback in callbacks {
            run_callback(callback, &ended);
        }
        if let Some(result) = unseen {
            report(result);
        }
    }

    /// Answers a request that was handed on to this task. True when it passes on.
    fn answer_for_awaiter(&self, ended: &Ended) -> bool {
        let mut join = self.lock();
        join.ending = true;
        let awaiter = self.node.cancel.set_awaiter(None);
        drop(join);
        let Some(Position { owner, key }) = awaiter else { return false };
        // A task that did not heed the request has consumed it.
        let asked = owner.node().cancel.answer(key, ended.is_cancelled());
        owner.node().cancel.close(key);
        asked && ended.is_cancelled()
    }

    /// Calls back when the task has ended; at once, from a task of its own, when it has already.
    pub(crate) fn on_end(&self, callback: Callback) {
        let mut join = self.lock();
        match join.ended.clone() {
            None => join.callbacks.push(callback),
            Some(ended) => {
                drop(join);
                let task = Builder::new().name("callback of a task that had ended");
                task.spawn(async move { run_callback(callback, &ended) }).detach();
            }
        }
    }

    /// Names the scope that awaits this task, for the task's end to answer for and to close. False when
    /// it comes too late for that.
    pub(crate) fn set_awaiter(&self, awaiter: Option<Position>) -> bool {
        let join = self.lock();
        if !join.ending {
            drop(self.node.cancel.set_awaiter(awaiter));
        }
        !join.ending
    }

    /// The task ended because its awaiter was asked to stop, and the request has passed on.
    pub(crate) fn has_passed_on(&self) -> bool {
        self.lock().passed_on
    }

    /// Ready when there is an outcome, which stays; until then the waker is kept.
    pub(crate) fn poll_finished(&self, waker: &Waker) -> Poll<()> {
        let mut join = self.lock();
        if !matches!(join.outcome, Outcome::Running) {
            return Poll::Ready(());
        }
        join.listen(waker);
        Poll::Pending
    }

    /// Takes an outcome back that was not to be seen yet.
    pub(crate) fn put_back(&self, result: Result<T, TaskError>) {
        self.lock().outcome = Outcome::Done(result);
    }

    /// The outcome, once; until it is there the waker is kept.
    ///
    /// # Panics
    ///
    /// When the outcome has been taken, as futures that are polled after completion do.
    pub(crate) fn poll_join(&self, waker: &Waker) -> Poll<Result<T, TaskError>> {
        let mut join = self.lock();
        match std::mem::replace(&mut join.outcome, Outcome::Taken) {
            Outcome::Done(result) => Poll::Ready(result),
            Outcome::Taken => panic!("a task was polled after it had given its outcome"),
            Outcome::Running => {
                join.outcome = Outcome::Running;
                join.listen(waker);
                Poll::Pending
            }
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        !matches!(self.lock().outcome, Outcome::Running)
    }

    /// From here on a panic that nobody awaits is not reported: its owner has seen to that.
    pub(crate) fn quiet(&self) {
        self.lock().quiet = true;
    }

    /// The handle is dropped: the task runs on, and an outcome nobody took is looked at here.
    pub(crate) fn detach(&self) {
        let mut join = self.lock();
        join.detached = true;
        join.waiter = None;
        let unseen = match join.outcome {
            Outcome::Done(_) => std::mem::replace(&mut join.outcome, Outcome::Taken),
            Outcome::Running | Outcome::Taken => return,
        };
        let quiet = join.quiet;
        drop(join);
        if let Outcome::Done(result) = unseen
            && !quiet
        {
            report(result);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Join<T>> {
        self.join.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run_callback(callback: Callback, ended: &Ended) {
    if catch_unwind(AssertUnwindSafe(|| callback(ended))).is_err() {
        tracing::error!("a callback of a task panicked");
    }
}

/// A panic nobody awaited is said once; a value or a cancellation nobody awaited is nobody's loss.
fn report<T>(result: Result<T, TaskError>) {
    if let Err(error) = result
        && error.is_panic()
    {
        crate::inspect::count_detached_panic();
        tracing::error!(%error, "a task panicked and nobody awaited it");
    }
}
