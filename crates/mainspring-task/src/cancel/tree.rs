//! The scopes of one task, and how a request travels through them.
//!
//! A *scope* is a stretch of a task's work that has a say in its cancellation: a guard such as
//! `finally`, a time-out, or the task as a whole (the root). Scopes nest as their futures do.
//!
//! A request is made at a scope, goes down to the innermost guards, and comes up again: each guard
//! answers when it has cleaned up (*passed on*) or has decided to go on (*consumed*). A scope whose
//! guards below have all answered is *due* when one of them passed the request on; its own turn has
//! come then. When all consumed it, the request is over.
//!
//! Invariants, held whenever the lock is free:
//! 1. `waiting` of a scope is the number of its children that are `pending`.
//! 2. A pending scope has been asked; its parent has been asked, or is sheltered and made no request.
//! 3. A guard that has been asked is pending until it answers or is closed, whichever is first.
//! 4. A scope that is no guard is pending just while it has pending children.

use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use super::Reason;
use super::scope::{Asked, Key, Kind, ROOT, Scope, Turn};
use crate::inspect::Position;
use crate::task::Registered;

/// What is to be done after the lock is released: it runs code of others.
#[derive(Default)]
#[must_use]
pub(crate) struct Effects {
    wake: Vec<Waker>,
    cancel: Vec<(Arc<dyn Registered>, Option<Reason>)>,
    /// The task has consumed its request: whoever awaits it goes on, too.
    consumed: Option<Position>,
}

impl Effects {
    pub(crate) fn run(self) {
        for (task, reason) in self.cancel {
            task.node().cancel.ask_once(reason);
        }
        if let Some(Position { owner, key }) = self.consumed {
            owner.node().cancel.answer(key, false);
        }
        self.wake.into_iter().for_each(Waker::wake);
    }
}

#[derive(Default)]
struct Slot {
    generation: u32,
    scope: Option<Scope>,
}

/// All scopes of one task. Slot 0 is the root; there are none until a guard or a request comes.
#[derive(Default)]
pub(crate) struct Tree {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The task's own waker, left by its first poll. Not in the root's slot: most tasks have none.
    task: Option<Waker>,
    /// The scope that awaits this task. It is answered for when the task consumes a request, and when
    /// it ends, even if nobody polls the handle any more.
    awaiter: Option<Position>,
}

impl Tree {
    /// Opens a scope inside another. Asked at once when a request is on its way through the parent.
    pub(crate) fn open(
        &mut self,
        parent: Key,
        kind: Kind,
        place: &'static Location<'static>,
        target: Option<Arc<dyn Registered>>,
    ) -> (Key, Effects) {
        let mut effects = Effects::default();
        self.plant();
        let parent = if self.exists(parent) { parent } else { ROOT };
        let scope = Scope {
            sheltered: kind == Kind::Uncancellable,
            parent: Some(parent),
            next: self.scope(parent).first_child,
            target,
            ..Scope::new(kind, place)
        };
        let key = self.insert(scope);
        if let Some(next) = self.scope(key).next {
            self.scope_mut(next).previous = Some(key);
        }
        self.scope_mut(parent).first_child = Some(key);
        if let (Some(asked), false) = (self.scope(parent).asked.clone(), self.scope(parent).sheltered)
            && self.deliver(key, &asked, &mut effects)
        {
            self.mark_pending(key);
        }
        (key, effects)
    }

    /// Closes a scope whose future has ended or is gone. What it has not answered passes on; what
    /// still lives inside it, because it was moved out, now stands in its parent.
    pub(crate) fn close(&mut self, key: Key) -> Effects {
        let mut effects = Effects::default();
        if !self.exists(key) {
            return effects;
        }
        self.orphan(key);
        if self.scope(key).pending {
            self.settle(key, true, &mut effects);
        }
        self.unlink(key);
        let slot = &mut self.slots[key.slot as usize];
        slot.scope = None;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.slot);
        effects
    }

    /// Makes a request at a scope. False when one is under way there already.
    pub(crate) fn ask(&mut self, key: Key, reason: Option<Reason>, effects: &mut Effects) -> bool {
        self.plant();
        if !self.exists(key) || self.scope(key).own {
            return false;
        }
        let asked = Asked { reason, origin: key };
        self.scope_mut(key).own = true;
        if self.scope(key).asked.is_none() {
            self.begin(key, &asked, effects);
        }
        self.wake(key, effects);
        true
    }

    pub(crate) fn turn(&self, key: Key) -> Turn {
        if !self.exists(key) {
            return Turn::Idle;
        }
        let scope = self.scope(key);
        match &scope.asked {
            None => Turn::Idle,
            Some(_) if scope.waiting > 0 || scope.sheltered => Turn::Waiting,
            Some(asked) => Turn::Due(asked.reason.clone()),
        }
    }

    /// A guard's answer: `passed` when it has made way, false when it goes on in spite of the request.
    pub(crate) fn answer(&mut self, key: Key, passed: bool) -> Effects {
        let mut effects = Effects::default();
        if self.exists(key) && self.scope(key).pending {
            self.settle(key, passed, &mut effects);
        }
        effects
    }

    /// The scope has been asked and has not answered.
    pub(crate) fn is_pending(&self, key: Key) -> bool {
        self.exists(key) && self.scope(key).pending
    }

    /// A request is on its way through the scope, and nothing holds it up there.
    pub(crate) fn is_passing(&self, key: Key) -> bool {
        self.exists(key) && self.scope(key).asked.is_some() && !self.scope(key).sheltered
    }

    /// Where the request that has reached a scope was made.
    pub(crate) fn origin(&self, key: Key) -> Option<Key> {
        self.exists(key).then(|| self.scope(key).asked.as_ref().map(|asked| asked.origin)).flatten()
    }

    /// The words of the request at the root.
    pub(crate) fn reason(&self) -> Option<Reason> {
        if !self.exists(ROOT) {
            return None;
        }
        self.scope(ROOT).asked.as_ref().and_then(|asked| asked.reason.clone())
    }

    /// From here on requests are held up at this scope until it is closed or answers.
    pub(crate) fn shelter(&mut self, key: Key) {
        if self.exists(key) {
            self.scope_mut(key).sheltered = true;
        }
    }

    pub(crate) fn listen(&mut self, key: Key, waker: &Waker) {
        if key != ROOT && !self.exists(key) {
            return;
        }
        let known = if key == ROOT { &mut self.task } else { &mut self.scope_mut(key).waker };
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    pub(crate) fn set_awaiter(&mut self, awaiter: Option<Position>) -> Option<Position> {
        std::mem::replace(&mut self.awaiter, awaiter)
    }

    /// Forgets everything but who awaits: the task has ended, and that is answered for next.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
        self.task = None;
    }

    pub(crate) fn wake_all(&self) -> Effects {
        let scopes = self.slots.iter().filter_map(|slot| slot.scope.as_ref());
        let wake = scopes.filter_map(|scope| scope.waker.as_ref()).chain(&self.task).cloned().collect();
        Effects { wake, ..Effects::default() }
    }

    /// The guards that hold a request up, the innermost ones.
    pub(crate) fn holders(&self) -> impl Iterator<Item = (Kind, &'static Location<'static>)> {
        let holds = |scope: &&Scope| scope.pending && scope.kind.is_guard() && scope.waiting == 0;
        self.slots
            .iter()
            .filter_map(|slot| slot.scope.as_ref())
            .filter(holds)
            .map(|scope| (scope.kind, scope.place))
    }

    // ===== travelling =====

    /// Leaves a request at a scope and hands it down.
    fn begin(&mut self, key: Key, asked: &Asked, effects: &mut Effects) {
        let scope = self.scope_mut(key);
        scope.asked = Some(asked.clone());
        scope.waiting = 0;
        scope.passed = false;
        if scope.sheltered {
            return;
        }
        let mut child = scope.first_child;
        while let Some(at) = child {
            child = self.scope(at).next;
            if self.deliver(at, asked, effects) {
                self.scope_mut(at).pending = true;
                self.scope_mut(key).waiting += 1;
            }
        }
    }

    /// Hands a request to one scope; true when there is an answer to wait for.
    fn deliver(&mut self, key: Key, asked: &Asked, effects: &mut Effects) -> bool {
        if self.scope(key).asked.is_none() {
            self.begin(key, asked, effects);
            if let Some(target) = &self.scope(key).target {
                effects.cancel.push((Arc::clone(target), asked.reason.clone()));
            }
        }
        if self.scope(key).kind.is_guard() {
            self.wake(key, effects);
        }
        let scope = self.scope(key);
        scope.kind.is_guard() || scope.waiting > 0
    }

    /// A scope that was opened on the way of a request is waited for by all above it.
    fn mark_pending(&mut self, key: Key) {
        let mut key = key;
        while !self.scope(key).pending {
            self.scope_mut(key).pending = true;
            let Some(parent) = self.scope(key).parent else { return };
            self.scope_mut(parent).waiting += 1;
            let above = self.scope(parent);
            if above.kind.is_guard() || !self.is_asked_from_above(parent) {
                return;
            }
            key = parent;
        }
    }

    fn is_asked_from_above(&self, key: Key) -> bool {
        let parent = self.scope(key).parent;
        parent.is_some_and(|parent| self.scope(parent).asked.is_some() && !self.scope(parent).sheltered)
    }

    /// Takes a scope's answer up: its parent has one less to wait for.
    fn settle(&mut self, key: Key, passed: bool, effects: &mut Effects) {
        let scope = self.scope_mut(key);
        scope.pending = false;
        if !passed {
            scope.asked = None;
            scope.own = false;
        }
        let Some(parent) = scope.parent else { return };
        let above = self.scope_mut(parent);
        above.waiting -= 1;
        above.passed |= passed;
        if above.waiting == 0 {
            self.clear_way(parent, effects);
        }
    }

    /// Everything below a scope has answered.
    fn clear_way(&mut self, key: Key, effects: &mut Effects) {
        self.wake(key, effects);
        let scope = self.scope_mut(key);
        if scope.passed {
            if scope.pending && !scope.kind.is_guard() {
                self.settle(key, true, effects);
            }
        } else if scope.pending {
            self.settle(key, false, effects);
        } else {
            scope.asked = None;
            scope.own = false;
            if key == ROOT {
                effects.consumed = self.awaiter.clone();
            }
        }
    }

    pub(crate) fn wake(&self, key: Key, effects: &mut Effects) {
        let waker = if key == ROOT { &self.task } else { &self.scope(key).waker };
        effects.wake.extend(waker.clone());
    }

    // ===== the links =====

    /// The root stands as soon as anything does.
    fn plant(&mut self) {
        if self.slots.is_empty() {
            self.slots.push(Slot { generation: 0, scope: Some(Scope::new(Kind::Task, Location::caller())) });
        }
    }

    fn insert(&mut self, scope: Scope) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 guards are alive in one task")
        });
        let place = &mut self.slots[slot as usize];
        place.scope = Some(scope);
        Key { slot, generation: place.generation }
    }

    fn orphan(&mut self, key: Key) {
        let parent = self.scope(key).parent.unwrap_or(ROOT);
        while let Some(child) = self.scope(key).first_child {
            let was_pending = std::mem::take(&mut self.scope_mut(child).pending);
            if was_pending {
                self.scope_mut(key).waiting -= 1;
            }
            self.unlink(child);
            let next = self.scope(parent).first_child;
            if let Some(next) = next {
                self.scope_mut(next).previous = Some(child);
            }
            let moved = self.scope_mut(child);
            (moved.parent, moved.next) = (Some(parent), next);
            self.scope_mut(parent).first_child = Some(child);
            if was_pending && self.scope(parent).asked.is_some() {
                self.mark_pending(child);
            }
        }
    }

    fn unlink(&mut self, key: Key) {
        let Scope { parent, next, previous, .. } = *self.scope(key);
        if let Some(next) = next {
            self.scope_mut(next).previous = previous;
        }
        match (previous, parent) {
            (Some(previous), _) => self.scope_mut(previous).next = next,
            (None, Some(parent)) => self.scope_mut(parent).first_child = next,
            (None, None) => {}
        }
        let scope = self.scope_mut(key);
        (scope.next, scope.previous) = (None, None);
    }

    fn exists(&self, key: Key) -> bool {
        let slot = self.slots.get(key.slot as usize);
        slot.is_some_and(|slot| slot.generation == key.generation && slot.scope.is_some())
    }

    fn scope(&self, key: Key) -> &Scope {
        self.slots[key.slot as usize].scope.as_ref().expect("links lead to open scopes only")
    }

    fn scope_mut(&mut self, key: Key) -> &mut Scope {
        self.slots[key.slot as usize].scope.as_mut().expect("links lead to open scopes only")
    }
}
