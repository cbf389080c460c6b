use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;

use super::lane::{Lane, Polling};
use super::{Node, TaskRef, ticks};
use crate::cancel::{Key, Kind, ROOT, UNOPENED};
use crate::context::{Snapshot, swap};
use crate::task::Registered;

thread_local! {
    static HERE: Here = const {
        Here { task: Cell::new(None), scope: Cell::new(ROOT), late: Cell::new(None), lane: Cell::new(None) }
    };
}

/// What this thread is doing. Cells, not stacks: whoever sets one puts back what was there.
struct Here {
    /// The task that is being polled.
    task: Cell<Option<Arc<dyn Registered>>>,
    /// The innermost scope of that task that is being polled.
    scope: Cell<Key>,
    /// What that scope will be, as long as it is `UNOPENED`.
    late: Cell<Option<Opening>>,
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

    /// The innermost scope, opened if it was not.
    fn innermost(&self, owner: &Arc<dyn Registered>) -> Key {
        let scope = self.scope.get();
        match self.late.get() {
            Some(Opening { parent, kind, place }) if scope == UNOPENED => {
                let key = owner.node().cancel.open(parent, kind, place, None);
                self.scope.set(key);
                key
            }
            _ => scope,
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
            Some(owner) => {
                let key = HERE.with(|here| here.innermost(&owner));
                Position { owner, key }
            }
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

/// What stands for code outside of any task.
struct Stray(Node);

impl Registered for Stray {
    fn node(&self) -> &Node {
        &self.0
    }
}

/// What is needed to open a scope.
#[derive(Clone, Copy)]
struct Opening {
    parent: Key,
    kind: Kind,
    place: &'static Location<'static>,
}

/// Makes a scope the innermost one that is opened when something in it asks where it stands: work that ends
/// without having asked has cost no lock.
pub(crate) struct Late {
    parent: Key,
    outer: Option<Opening>,
}

impl Late {
    /// `None` outside of any task.
    #[inline]
    pub(crate) fn enter(kind: Kind, place: &'static Location<'static>) -> Option<Self> {
        let enter = |here: &Here| {
            let mut parent = here.scope.get();
            if parent == UNOPENED {
                parent = here.innermost(&owner()?);
            } else if here.look(|task| task.is_none()) {
                return None;
            }
            here.scope.set(UNOPENED);
            Some(Late { parent, outer: here.late.replace(Some(Opening { parent, kind, place })) })
        };
        HERE.try_with(enter).ok().flatten()
    }

    /// Gives the place to the scope around again; the scope and its parent when it has been opened.
    #[inline]
    pub(crate) fn leave(&self) -> Option<(Position, Key)> {
        let leave = |here: &Here| {
            here.late.set(self.outer);
            let key = here.scope.replace(self.parent);
            if key == UNOPENED { None } else { Some((Position { owner: owner()?, key }, self.parent)) }
        };
        HERE.try_with(leave).ok().flatten()
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
