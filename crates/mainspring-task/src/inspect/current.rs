use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use super::{Node, TaskRef};
use crate::cancel::{Key, ROOT};
use crate::context::{Snapshot, swap};
use crate::task::Registered;

thread_local! {
    /// The task that this thread is polling. A cell, not a stack: whoever sets it puts back what was there.
    static CURRENT: Cell<Option<Arc<dyn Registered>>> = const { Cell::new(None) };
    /// The innermost scope of that task that is being polled.
    static SCOPE: Cell<Key> = const { Cell::new(ROOT) };
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
    owner().filter(|task| !task.node().stray)
}

fn owner() -> Option<Arc<dyn Registered>> {
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

fn replace(task: Option<Arc<dyn Registered>>) -> Option<Arc<dyn Registered>> {
    CURRENT.try_with(|cell| cell.replace(task)).ok().flatten()
}

/// Makes a task the current one until it is dropped, and measures the time in between.
pub(crate) struct Entered<'a> {
    /// The task's variables between polls; those of the thread during one.
    context: &'a mut Snapshot,
    /// What was current before; polls nest when a task runs a runtime of its own.
    outer: Option<Arc<dyn Registered>>,
    scope: Key,
    start: Instant,
}

impl<'a> Entered<'a> {
    pub(crate) fn enter(task: Arc<dyn Registered>, context: &'a mut Snapshot) -> Self {
        let start = task.node().poll_started();
        let outer = replace(Some(task));
        swap(context);
        Entered { context, outer, scope: SCOPE.replace(ROOT), start }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.context);
        SCOPE.set(self.scope);
        if let Some(task) = replace(self.outer.take()) {
            task.node().poll_ended(self.start);
        }
    }
}

/// Where this code stands: a task and the innermost scope in it.
#[derive(Clone)]
pub(crate) struct Position {
    pub(crate) owner: Arc<dyn Registered>,
    pub(crate) key: Key,
}

impl Position {
    /// Outside of any task this is a tree of its own, so that guards work there too.
    pub(crate) fn current() -> Self {
        match owner() {
            Some(owner) => Position { owner, key: SCOPE.get() },
            None => Position { owner: Arc::new(Stray(Node::stray())), key: ROOT },
        }
    }

    /// Whether this code stands there; a scope outside of any task is where nothing is current.
    pub(crate) fn is_current(task: &Arc<dyn Registered>, key: Key) -> bool {
        match owner() {
            Some(owner) => Arc::ptr_eq(&owner, task) && SCOPE.get() == key,
            None => task.node().stray,
        }
    }
}

/// What stands for code outside of any task.
struct Stray(Node);

impl Registered for Stray {
    fn node(&self) -> &Node {
        &self.0
    }
}

/// Makes a scope the innermost one until it is dropped.
pub(crate) struct Within {
    scope: Key,
    /// Set when the owner was not the current one: it stands for code outside of any task.
    outer: Option<Option<Arc<dyn Registered>>>,
}

impl Within {
    pub(crate) fn enter(owner: &Arc<dyn Registered>, key: Key) -> Self {
        let outer = owner.node().stray.then(|| replace(Some(Arc::clone(owner))));
        Within { scope: SCOPE.replace(key), outer }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        SCOPE.set(self.scope);
        if let Some(outer) = self.outer.take() {
            replace(outer);
        }
    }
}
