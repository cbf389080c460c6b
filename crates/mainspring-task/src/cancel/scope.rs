//! One scope: what it is, where it stands in its tree, and how far a request has come with it.

use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use super::Reason;
use crate::task::Registered;

/// Where a scope stands in its tree. The generation tells it from those that had the slot before:
/// whatever is done with the key of a closed scope does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// The scope that is the task as a whole.
pub(crate) const ROOT: Key = Key { slot: 0, generation: 0 };

/// Stands for a scope that is opened when something in it asks where it stands; no scope has it.
pub(crate) const UNOPENED: Key = Key { slot: u32::MAX, generation: 0 };

/// What a scope is, for those who read a list of what holds a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Task,
    Timeout,
    /// A future that a combinator may stop by itself.
    Branch,
    Scope,
    Finally,
    Catch,
    Uncancellable,
    Await,
}

impl Kind {
    /// A guard answers a request itself; other scopes are clear as soon as what is in them is.
    pub(super) fn is_guard(self) -> bool {
        !matches!(self, Kind::Task | Kind::Timeout | Kind::Branch)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Task => "task",
            Kind::Timeout => "timeout",
            Kind::Branch => "branch",
            Kind::Scope => "scope",
            Kind::Finally => "finally",
            Kind::Catch => "catch_cancel",
            Kind::Uncancellable => "uncancellable",
            Kind::Await => "await of a task",
        }
    }
}

/// Whether a scope's own turn has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// No request concerns it.
    Idle,
    /// Guards below it are at work.
    Waiting,
    /// Its turn: its body is to be dropped.
    Due(Option<Reason>),
}

/// A stretch of a task's work that has a say in its cancellation, and its links to those around it.
pub(super) struct Scope {
    pub(super) kind: Kind,
    pub(super) place: &'static Location<'static>,
    pub(super) parent: Option<Key>,
    pub(super) first_child: Option<Key>,
    pub(super) next: Option<Key>,
    pub(super) previous: Option<Key>,
    pub(super) asked: Option<Asked>,
    /// The request was made here, not handed down.
    pub(super) own: bool,
    /// Counted in the parent's `waiting`.
    pub(super) pending: bool,
    pub(super) waiting: usize,
    pub(super) passed: bool,
    /// Requests stop here on their way down: cleanup is under way, or the body must not be cancelled.
    pub(super) sheltered: bool,
    /// The guard's future. Woken when asked and when its turn has come.
    pub(super) waker: Option<Waker>,
    /// The task that is awaited here: a request goes on to it.
    pub(super) target: Option<Arc<dyn Registered>>,
}

impl Scope {
    pub(super) fn new(kind: Kind, place: &'static Location<'static>) -> Self {
        Scope {
            kind,
            place,
            parent: None,
            first_child: None,
            next: None,
            previous: None,
            asked: None,
            own: false,
            pending: false,
            waiting: 0,
            passed: false,
            sheltered: false,
            waker: None,
            target: None,
        }
    }
}

/// A request, as a scope that it has reached keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) reason: Option<Reason>,
    /// The scope at which the request was made.
    pub(super) origin: Key,
}
