use std::fmt;
use std::panic::Location;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime;

use super::await_place::Inquiries;
use super::info::{Holder, State, TaskInfo};
use super::registry;
use super::slow::{self, Slow};
use super::ticks::{self, Scale};
use crate::cancel::{self, Cancel};
use crate::task::TaskId;

/// The registry's entry of one task.
///
/// The counters are written only by the thread that polls the task, so plain loads and stores do.
/// Times are readings of the ticks' clock, turned into durations by whoever looks.
pub(crate) struct Node {
    pub(crate) id: TaskId,
    name: Mutex<Option<Arc<str>>>,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) parent: Option<TaskId>,
    /// The runtime that polls it; none for what runs on a thread of its own.
    pub(super) runtime: Option<runtime::Id>,
    place: &'static Location<'static>,
    pub(crate) cancel: Cancel,
    /// How long guards may hold a request up; the process's grace when not set.
    grace: Option<Duration>,
    /// Stands for code outside of any task; not in the registry.
    pub(super) stray: bool,
    /// A job on a thread of its own: it may take as long as it likes.
    pub(super) may_block: bool,
    /// What the watchdog knows it by; zero for what it is not to look at.
    watched: u64,
    /// Where the entry stands in its shard; set when it is enrolled.
    pub(super) slot: OnceLock<usize>,
    /// The body is gone.
    retired: AtomicBool,
    /// Those who want to know where it awaits.
    pub(crate) inquiries: Inquiries,
    slow: Slow,
    spawned: u64,
    polls: AtomicU64,
    busy: AtomicU64,
    longest: AtomicU64,
    /// When the longest poll ended.
    longest_at: AtomicU64,
    /// When the current poll began; zero between polls.
    running_since: AtomicU64,
    /// When the last poll ended.
    idle_since: AtomicU64,
}

impl Node {
    pub(crate) fn new(
        name: Option<Arc<str>>,
        service: Option<Arc<str>>,
        parent: Option<TaskId>,
        place: &'static Location<'static>,
    ) -> Self {
        let id = TaskId::next();
        Node {
            id,
            name: Mutex::new(name),
            service,
            parent,
            runtime: None,
            place,
            cancel: Cancel::default(),
            grace: None,
            stray: false,
            may_block: false,
            watched: id.as_u64(),
            slot: OnceLock::new(),
            retired: AtomicBool::new(false),
            inquiries: Inquiries::default(),
            slow: Slow::default(),
            spawned: ticks::now(),
            polls: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            longest_at: AtomicU64::new(0),
            running_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
        }
    }

    pub(crate) fn name(&self) -> Arc<str> {
        let name = self.name.lock().unwrap_or_else(PoisonError::into_inner).clone();
        name.unwrap_or_else(|| format!("task-{}", self.id).into())
    }

    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    pub(super) fn rename(&self, name: Arc<str>) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
    }

    pub(crate) fn label(&self) -> Label {
        Label { name: self.name(), place: self.place }
    }

    pub(crate) fn on_runtime(self, runtime: runtime::Id) -> Self {
        Node { runtime: Some(runtime), ..self }
    }

    pub(crate) fn with_grace(self, grace: Option<Duration>) -> Self {
        Node { grace, ..self }
    }

    /// A job that runs on a thread of its own, in one go.
    pub(crate) fn blocking(self) -> Self {
        Node { may_block: true, watched: 0, ..self }
    }

    /// What stands for code that runs outside of any task, so that guards work there too.
    pub(super) fn stray() -> Self {
        Node { stray: true, ..Node::new(Some("outside of a task".into()), None, None, Location::caller()) }
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace.unwrap_or_else(cancel::grace)
    }

    /// Acts on the task if it has not ended; false when it has.
    pub(super) fn if_alive(&self, act: impl FnOnce(&Cancel)) -> bool {
        let alive = !self.retired.load(Acquire);
        if alive {
            act(&self.cancel);
        }
        alive
    }

    /// The grace of a cancellation is over: says who held it.
    pub(crate) fn report_overrun(&self, held: Duration) {
        let guards: Vec<String> = self
            .cancel
            .holders()
            .into_iter()
            .map(|(kind, place)| Holder { guard: kind.name(), place }.to_string())
            .collect();
        let guards = guards.join(", ");
        tracing::error!(task = %self.label(), %guards, ?held, "cleanup was cut off at the end of its grace");
    }

    /// The body is gone: out of the registry, and nothing left to wake.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Release);
        registry::remove(self);
        self.cancel.clear();
        self.inquiries.give_up();
    }

    /// Gives back what the watchdog is to know it by.
    #[inline(always)]
    pub(super) fn poll_started(&self, start: u64) -> u64 {
        self.running_since.store(start, Relaxed);
        self.watched
    }

    #[inline(always)]
    pub(super) fn poll_ended(&self, start: u64) {
        let end = ticks::now();
        let took = end.saturating_sub(start);
        self.polls.store(self.polls.load(Relaxed) + 1, Relaxed);
        self.busy.store(self.busy.load(Relaxed) + took, Relaxed);
        if took > self.longest.load(Relaxed) {
            self.longest.store(took, Relaxed);
            self.longest_at.store(end, Relaxed);
        }
        self.idle_since.store(end, Relaxed);
        self.running_since.store(0, Relaxed);
        if slow::is_suspect(took) && !self.stray && !self.may_block {
            self.slow.report(took, || self.label());
        }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Acquire)
    }

    pub(super) fn info(&self) -> TaskInfo {
        let (now, scale) = (ticks::now(), Scale::now());
        let since = |start: u64, end: u64| scale.duration(end.saturating_sub(start));
        let (polls, running) = (self.polls.load(Relaxed), self.running_since.load(Relaxed));
        let state = match (running, polls) {
            (0, 0) => State::New,
            (0, _) => State::Waiting,
            _ => State::Running,
        };
        let entered = match state {
            State::New => self.spawned,
            State::Running => running,
            State::Waiting => self.idle_since.load(Relaxed),
        };
        TaskInfo {
            id: self.id,
            name: self.name(),
            service: self.service.clone(),
            parent: self.parent,
            place: self.place,
            state,
            cancelling: self.cancel.is_asked(),
            held_by: self
                .cancel
                .holders()
                .into_iter()
                .map(|(kind, place)| Holder { guard: kind.name(), place })
                .collect(),
            age: since(self.spawned, now),
            polls,
            busy: scale.duration(self.busy.load(Relaxed)),
            longest_poll: scale.duration(self.longest.load(Relaxed)),
            longest_poll_at: since(self.spawned, self.longest_at.load(Relaxed)),
            in_state: since(entered, now),
        }
    }
}

/// Names a task in errors and log lines: its name and where it was spawned.
#[derive(Clone)]
pub(crate) struct Label {
    name: Arc<str>,
    place: &'static Location<'static>,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task `{}` ({})", self.name, self.place)
    }
}
