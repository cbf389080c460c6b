use std::cell::Cell;
use std::sync::Arc;

use super::lane::{Lane, Polling};
use super::{Node, TaskRef, ticks};
use crate::cancel::{Key, ROOT};
use crate::context::{Snapshot, swap};
use crate::task::Registered;

thread_local! {
    static HERE: Here = const { Here { task: Cell::new(None), scope: Cell::new(ROOT), lane: Cell::new(None) } };
}

/// What this thread is doing. Cells, not stacks: whoever sets one puts back what was there.
struct Here {
    /// The task that is being polled.
    task: Cell<Option<Arc<dyn Registered>>>,
    /// The innermost scope of that task that is being polled.
    scope: Cell<Key>,
    /// Where the watchdog looks; there from the first poll on.
    lane: Cell<Option<&'static Lane>>,
}

impl Here {
    #[inline]
    fn lane(&self) -> &'static Lane {
        match self.lane.get() {
            Some(lane) => lane,
            None => {
                let lane = Lane::join();
                self.lane.set(Some(lane));
                lane
            }
        }
    }

    fn look<R>(&self, at: impl FnOnce(Option<&Arc<dyn Registered>>) -> R) -> R {
        let task = self.task.take();
        let seen = at(task.as_ref());
        self.task.set(task);
        seen
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.leave();
        }
    }
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
    HERE.try_with(|here| here.look(|task| task.cloned())).ok().flatten()
}

fn replace(task: Option<Arc<dyn Registered>>) -> Option<Arc<dyn Registered>> {
    HERE.try_with(|here| here.task.replace(task)).ok().flatten()
}

/// Makes a task the current one until it is dropped, and measures the time in between.
pub(crate) struct Entered<'a> {
    /// The task between polls; during one, what was current before. Polls nest when a task runs a
    /// runtime of its own. Exchanged, not cloned: a poll is to touch no counter that others share.
    task: &'a mut Option<Arc<dyn Registered>>,
    /// Of that task, by a pointer that needs no look-up.
    node: &'a Node,
    /// The task's variables between polls; those of the thread during one.
    context: &'a mut Snapshot,
    scope: Key,
    start: u64,
    outer: Polling,
}

impl<'a> Entered<'a> {
    #[inline(always)]
    pub(crate) fn enter(
        task: &'a mut Option<Arc<dyn Registered>>,
        node: &'a Node,
        context: &'a mut Snapshot,
    ) -> Self {
        let start = ticks::now();
        let outer = Polling { task: 0, since: 0 };
        let mut entered = Entered { task, node, context, scope: ROOT, start, outer };
        let number = node.poll_started(start);
        // Fails only while the thread is being torn down; the task is then nobody's current one.
        let _ = HERE.try_with(|here| {
            entered.outer = here.lane().swap(Polling { task: number, since: start });
            entered.scope = here.scope.replace(ROOT);
            *entered.task = here.task.replace(entered.task.take());
        });
        swap(entered.context);
        entered
    }
}

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        swap(self.context);
        let _ = HERE.try_with(|here| {
            here.lane().swap(self.outer);
            here.scope.set(self.scope);
            *self.task = here.task.replace(self.task.take());
        });
        self.node.poll_ended(self.start);
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
            Some(owner) => Position { owner, key: scope() },
            None => Position { owner: Arc::new(Stray(Node::stray())), key: ROOT },
        }
    }

    /// Whether this code stands there; a scope outside of any task is where nothing is current.
    pub(crate) fn is_current(task: &Arc<dyn Registered>, key: Key) -> bool {
        let stands = |here: &Here| {
            here.look(|owner| match owner {
                Some(owner) => Arc::ptr_eq(owner, task) && here.scope.get() == key,
                None => task.node().stray,
            })
        };
        HERE.try_with(stands).unwrap_or(task.node().stray)
    }
}

fn scope() -> Key {
    HERE.with(|here| here.scope.get())
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
        Within { scope: HERE.try_with(|here| here.scope.replace(key)).unwrap_or(ROOT), outer }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        let _ = HERE.try_with(|here| here.scope.set(self.scope));
        if let Some(outer) = self.outer.take() {
            replace(outer);
        }
    }
}
