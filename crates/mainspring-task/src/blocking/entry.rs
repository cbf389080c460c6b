use std::any::Any;
use std::cell::RefCell;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::PoolError;
use crate::context::Snapshot;
use crate::inspect::{Node, TaskRef, current, enroll, run_current};
use crate::task::{Registered, TaskError};

thread_local! {
    /// The job that this thread runs.
    static RUNNING: RefCell<Option<Arc<Entry>>> = const { RefCell::new(None) };
}

/// True inside a job that nobody waits for any more: whoever awaited it is gone, it was cancelled
/// in the registry, or its pool was shut down and the time for that is over.
///
/// A thread cannot be stopped from outside, so a closure with a long loop looks here and returns;
/// what it returns then is thrown away. Always false outside of a job.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::{is_cancelled, threaded};
///
/// let sum = threaded(|| (1..=100_u64).take_while(|_| !is_cancelled()).sum::<u64>());
/// assert_eq!(sum.await.unwrap(), 5050);
/// # }
/// ```
#[must_use]
pub fn is_cancelled() -> bool {
    RUNNING.try_with(|job| job.borrow().as_ref().is_some_and(|entry| entry.is_cancelled())).unwrap_or(false)
}

/// The registry's entry of one job.
pub(super) struct Entry {
    node: Node,
    /// Nobody waits for the value.
    given_up: AtomicBool,
}

impl Registered for Entry {
    fn node(&self) -> &Node {
        &self.node
    }
}

impl Entry {
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
    }

    pub(super) fn reference(self: &Arc<Self>) -> TaskRef {
        TaskRef::new(Arc::clone(self) as Arc<dyn Registered>)
    }

    fn is_cancelled(&self) -> bool {
        self.given_up.load(Ordering::Acquire) || self.node.cancel.is_asked()
    }

    /// Runs the job on this thread, as the current task; not at all if it was cancelled before.
    pub(super) fn run<T>(self: &Arc<Self>, f: impl FnOnce() -> T) -> Result<T, PoolError> {
        // The job's own values come with `carried`; here it starts without any.
        let mut context = Snapshot::default();
        let mut task = Some(Arc::clone(self) as Arc<dyn Registered>);
        let outer = RUNNING.replace(Some(Arc::clone(self)));
        let outcome = run_current(&mut task, &self.node, &mut context, || {
            if self.node.cancel.is_asked() {
                drop(f);
                return None;
            }
            Some(f())
        });
        RUNNING.set(outer);
        match outcome {
            Ok(Some(value)) => Ok(value),
            Ok(None) => {
                Err(PoolError::task(TaskError::cancelled(self.node.label(), self.node.cancel.reason())))
            }
            Err(payload) => Err(self.panicked(payload)),
        }
    }

    fn panicked(&self, payload: Box<dyn Any + Send>) -> PoolError {
        PoolError::task(TaskError::panicked(self.node.label(), payload))
    }
}

/// Keeps an entry in the registry until it is dropped.
pub(super) struct Enrolled(Arc<Entry>);

impl Enrolled {
    /// Counted to the service of the current task, which is its parent.
    pub(super) fn new(name: Arc<str>, place: &'static Location<'static>) -> Self {
        let parent = current();
        let parent = parent.as_ref().map(|task| task.node());
        let service = parent.and_then(|node| node.service.clone());
        let node = Node::new(Some(name), service, parent.map(|node| node.id), place).blocking();
        let entry = Arc::new(Entry { node, given_up: AtomicBool::new(false) });
        enroll(Arc::clone(&entry) as Arc<dyn Registered>);
        Enrolled(entry)
    }
}

impl Deref for Enrolled {
    type Target = Arc<Entry>;

    fn deref(&self) -> &Arc<Entry> {
        &self.0
    }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.0.node.retire();
    }
}
