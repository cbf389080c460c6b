use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use super::Reason;
use super::scope::{Key, Kind, ROOT, Turn};
use super::tree::{Effects, Tree};
use crate::inspect::Position;
use crate::lock::{AtomicBool, Mutex, MutexGuard};
use crate::task::Registered;

/// The cancellation of one task: its scopes under a lock, and flags to be read without it.
#[derive(Default)]
pub(crate) struct Cancel {
    /// A request has been made somewhere in this task, now or earlier. Until then polls stop here.
    touched: AtomicBool,
    /// The body is to be dropped with all its guards.
    hard: AtomicBool,
    /// Held for list work only. Wakers, and requests to other tasks, come after its release.
    tree: Mutex<Tree>,
}

impl Cancel {
    /// Asks the task to stop; when it has been asked already, to drop everything.
    pub(crate) fn ask(&self, reason: Option<Reason>) {
        if !self.ask_scope(ROOT, reason) {
            self.ask_hard(None);
        }
    }

    /// Asks the task to stop; nothing when it has been asked already.
    pub(crate) fn ask_once(&self, reason: Option<Reason>) {
        self.ask_scope(ROOT, reason);
    }

    /// Asks for the body to be dropped with all its guards.
    pub(crate) fn ask_hard(&self, reason: Option<Reason>) {
        self.hard.store(true, Ordering::Release);
        let mut effects = Effects::default();
        let mut tree = self.lock();
        self.touched.store(true, Ordering::Release);
        if !tree.ask(ROOT, reason, &mut effects) {
            tree.wake(ROOT, &mut effects);
        }
        drop(tree);
        effects.run();
    }

    pub(crate) fn ask_scope(&self, key: Key, reason: Option<Reason>) -> bool {
        let mut effects = Effects::default();
        let mut tree = self.lock();
        self.touched.store(true, Ordering::Release);
        let new = tree.ask(key, reason, &mut effects);
        drop(tree);
        effects.run();
        new
    }

    pub(crate) fn is_hard(&self) -> bool {
        self.hard.load(Ordering::Acquire)
    }

    /// Somebody has asked for something, now or earlier.
    #[inline]
    pub(crate) fn is_touched(&self) -> bool {
        self.touched.load(Ordering::Acquire)
    }

    /// Whether a scope's turn has come. One load as long as nobody has asked for anything.
    pub(crate) fn turn(&self, key: Key) -> Turn {
        if self.is_touched() { self.lock().turn(key) } else { Turn::Idle }
    }

    /// A request is under way that the task has not consumed.
    pub(crate) fn is_asked(&self) -> bool {
        self.turn(ROOT) != Turn::Idle
    }

    /// Where the request that has reached a scope was made.
    pub(crate) fn origin(&self, key: Key) -> Option<Key> {
        self.lock().origin(key)
    }

    /// The words of the request.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.lock().reason()
    }

    pub(crate) fn open(
        &self,
        parent: Key,
        kind: Kind,
        place: &'static Location<'static>,
        target: Option<Arc<dyn Registered>>,
    ) -> Key {
        let (key, effects) = self.lock().open(parent, kind, place, target);
        effects.run();
        key
    }

    pub(crate) fn close(&self, key: Key) {
        let effects = self.lock().close(key);
        effects.run();
    }

    /// Gives a guard's answer; false when nobody had asked it.
    pub(crate) fn answer(&self, key: Key, passed: bool) -> bool {
        let mut tree = self.lock();
        let asked = tree.is_pending(key);
        let effects = tree.answer(key, passed);
        drop(tree);
        effects.run();
        asked
    }

    /// A request is on its way through a scope, and nothing holds it up there.
    pub(crate) fn is_passing(&self, key: Key) -> bool {
        self.touched.load(Ordering::Acquire) && self.lock().is_passing(key)
    }

    pub(crate) fn shelter(&self, key: Key) {
        self.lock().shelter(key);
    }

    pub(crate) fn listen(&self, key: Key, waker: &Waker) {
        self.lock().listen(key, waker);
    }

    /// Wakes the task and everything in it that has a waker of its own, with no request.
    pub(crate) fn wake_all(&self) {
        let effects = self.lock().wake_all();
        effects.run();
    }

    /// The guards that hold a request up.
    pub(crate) fn holders(&self) -> Vec<(Kind, &'static Location<'static>)> {
        self.lock().holders().collect()
    }

    /// Names the scope that awaits this task, or takes the name back.
    pub(crate) fn set_awaiter(&self, awaiter: Option<Position>) -> Option<Position> {
        self.lock().set_awaiter(awaiter)
    }

    /// The task has ended: nothing is left to wake.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
