use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use super::TaskRef;
use crate::task::Registered;

thread_local! {
    /// The task that this thread is polling. A cell, not a stack: `Entered` keeps what was there.
    static CURRENT: Cell<Option<Arc<dyn Registered>>> = const { Cell::new(None) };
}

/// The task that runs this code; `None` outside of tasks made by [`spawn`](crate::spawn).
///
/// ```
/// assert!(mainspring_task::current_task().is_none());
/// ```
#[must_use]
pub fn current_task() -> Option<TaskRef> {
    current().map(TaskRef::new)
}

pub(crate) fn current() -> Option<Arc<dyn Registered>> {
    // Fails only while the thread is being torn down, when no task runs on it.
    CURRENT
        .try_with(|cell| {
            let task = cell.take();
            cell.set(task.clone());
            task
        })
        .ok()
        .flatten()
}

/// Makes a task the current one until it is dropped, and measures the time in between.
pub(crate) struct Entered {
    /// What was current before; polls nest when a task runs a runtime of its own.
    outer: Option<Arc<dyn Registered>>,
    start: Instant,
}

impl Entered {
    pub(crate) fn enter(task: Arc<dyn Registered>) -> Self {
        let start = task.node().poll_started();
        let outer = CURRENT.try_with(|cell| cell.replace(Some(task))).ok().flatten();
        Entered { outer, start }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let task = CURRENT.try_with(|cell| cell.replace(outer)).ok().flatten();
        if let Some(task) = task {
            task.node().poll_ended(self.start);
        }
    }
}
