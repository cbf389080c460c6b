use std::cell::Cell;
use std::mem::{ManuallyDrop, forget, replace};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::lane::{Lane, Polling};
use super::{Node, TaskRef, ticks};
use crate::cancel::{Key, Kind, ROOT, UNOPENED};
use crate::context::{Snapshot, swap};
use crate::task::Registered;

thread_local! {
    /// Without a destructor: each poll comes by, and need not ask whether it is still there.
    static HERE: Here = const {
        Here {
            task: Cell::new(ManuallyDrop::new(None)),
            scope: Cell::new(ROOT),
            late: Cell::new(None),
            lane: Cell::new(None),
        }
    };
}

/// What this thread is doing. Cells, not stacks: whoever sets one puts back what was there.
struct Here {
    /// The task that is being polled. Nothing is left to be dropped with the thread: what is put in is
    /// taken out again.
    task: Cell<ManuallyDrop<Option<Arc<dyn Registered>>>>,
    /// The innermost scope of that task that is being polled; without a task, the root.
    scope: Cell<Key>,
    /// What that scope will be, as long as it is `UNOPENED`.
    late: Cell<Option<Opening>>,
    /// Where the watchdog looks; there from the first poll on.
    lane: Cell<Option<&'static Lane>>,
}

impl Here {
    #[inline(always)]
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

    #[inline(always)]
    fn replace(&self, task: Option<Arc<dyn Registered>>) -> Option<Arc<dyn Registered>> {
        ManuallyDrop::into_inner(self.task.replace(ManuallyDrop::new(task)))
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
        let task = self.replace(None);
        let seen = at(task.as_ref());
        forget(self.replace(task));
        seen
    }

    /// Exchanges the current task with the one given.
    #[inline(always)]
    fn swap(&self, task: &mut Option<Arc<dyn Registered>>) {
        let given = task.take();
        // Nothing is left there to be dropped.
        forget(replace(task, self.replace(given)));
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
    HERE.with(|here| here.look(|task| task.cloned()))
}

/// Runs a poll of a task, catches its panic, and measures it; the task is the current one meanwhile.
///
/// `task` and `context` are the task's between polls; during one they hold what was the thread's before.
/// Exchanged, not cloned: a poll is to touch no counter that others share. `node` is the task's, by a pointer
/// that needs no look-up.
#[inline(always)]
pub(crate) fn run_current<R>(
    task: &mut Option<Arc<dyn Registered>>,
    node: &Node,
    context: &mut Snapshot,
    poll: impl FnOnce() -> R,
) -> thread::Result<R> {
    let start = ticks::now();
    let polling = Polling { task: node.poll_started(start), since: start };
    let (lane, outer) = HERE.with(|here| {
        here.swap(task);
        let lane = here.lane();
        let outer = if task.is_some() { Some(Outer::leave(here, lane)) } else { None };
        lane.set(polling);
        (lane, outer)
    });
    swap(context);
    let done = catch_unwind(AssertUnwindSafe(poll));
    swap(context);
    HERE.with(|here| here.swap(task));
    match outer {
        None => lane.set_idle(),
        Some(outer) => outer.enter(lane),
    }
    node.poll_ended(start);
    done
}

/// What a thread comes back to after a poll within a poll: a task can run a runtime of its own.
struct Outer {
    scope: Key,
    polling: Polling,
}

impl Outer {
    #[cold]
    fn leave(here: &Here, lane: &Lane) -> Self {
        Outer { scope: here.scope.replace(ROOT), polling: lane.polling() }
    }

    #[cold]
    fn enter(self, lane: &Lane) {
        lane.set(self.polling);
        HERE.with(|here| here.scope.set(self.scope));
    }
}

/// The thread ends: a later poll on it, by the destructor of something else, is not watched.
pub(super) fn leave_lane(elsewhere: &'static Lane) {
    HERE.with(|here| here.lane.set(Some(elsewhere)));
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
        HERE.with(stands)
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
        HERE.with(enter)
    }

    /// Gives the place to the scope around again; the scope and its parent when it has been opened.
    #[inline]
    pub(crate) fn leave(&self) -> Option<(Position, Key)> {
        let leave = |here: &Here| {
            here.late.set(self.outer);
            let key = here.scope.replace(self.parent);
            if key == UNOPENED { None } else { Some((Position { owner: owner()?, key }, self.parent)) }
        };
        HERE.with(leave)
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
        HERE.with(|here| {
            let outer = owner.node().stray.then(|| here.replace(Some(Arc::clone(owner))));
            Within { scope: here.scope.replace(key), outer }
        })
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        let stray = HERE.with(|here| {
            here.scope.set(self.scope);
            self.outer.take().and_then(|outer| here.replace(outer))
        });
        drop(stray);
    }
}
