use std::fmt;
use std::panic::Location;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::info::{Holder, State, TaskInfo};
use super::registry;
use crate::cancel::{self, Cancel};
use crate::task::TaskId;

/// The registry's entry of one task.
///
/// The counters are written only by the thread that polls the task, so plain loads and stores do.
pub(crate) struct Node {
    pub(crate) id: TaskId,
    name: Mutex<Option<Arc<str>>>,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) parent: Option<TaskId>,
    place: &'static Location<'static>,
    pub(crate) cancel: Cancel,
    /// How long guards may hold a request up; the process's grace when not set.
    grace: Option<Duration>,
    /// Stands for code outside of any task; not in the registry.
    pub(super) stray: bool,
    /// Where the entry stands in its shard; set when it is enrolled.
    pub(super) slot: OnceLock<usize>,
    /// The body is gone.
    retired: AtomicBool,
    spawned: Instant,
    polls: AtomicU64,
    busy: AtomicU64,
    longest: AtomicU64,
    /// Nanoseconds from `spawned` to the start of the current poll, plus one; zero between polls.
    running_since: AtomicU64,
    /// Nanoseconds from `spawned` to the end of the last poll.
    idle_since: AtomicU64,
}

impl Node {
    pub(crate) fn new(
        name: Option<Arc<str>>,
        service: Option<Arc<str>>,
        parent: Option<TaskId>,
        place: &'static Location<'static>,
    ) -> Self {
        Node {
            id: TaskId::next(),
            name: Mutex::new(name),
            service,
            parent,
            place,
            cancel: Cancel::default(),
            grace: None,
            stray: false,
            slot: OnceLock::new(),
            retired: AtomicBool::new(false),
            spawned: now(),
            polls: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            longest: AtomicU64::new(0),
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

    pub(crate) fn with_grace(self, grace: Option<Duration>) -> Self {
        Node { grace, ..self }
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
    }

    pub(super) fn poll_started(&self) -> Instant {
        let start = now();
        self.running_since.store(self.since_spawn(start) + 1, Relaxed);
        start
    }

    pub(super) fn poll_ended(&self, start: Instant) {
        let end = now();
        let took = nanos(end.saturating_duration_since(start));
        self.polls.store(self.polls.load(Relaxed) + 1, Relaxed);
        self.busy.store(self.busy.load(Relaxed) + took, Relaxed);
        if took > self.longest.load(Relaxed) {
            self.longest.store(took, Relaxed);
        }
        self.idle_since.store(self.since_spawn(end), Relaxed);
        self.running_since.store(0, Relaxed);
    }

    pub(super) fn info(&self) -> TaskInfo {
        let age = now().saturating_duration_since(self.spawned);
        let (polls, running) = (self.polls.load(Relaxed), self.running_since.load(Relaxed));
        let state = match (running, polls) {
            (0, 0) => State::New,
            (0, _) => State::Waiting,
            _ => State::Running,
        };
        let since = if running > 0 { running - 1 } else { self.idle_since.load(Relaxed) };
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
            age,
            polls,
            busy: Duration::from_nanos(self.busy.load(Relaxed)),
            longest_poll: Duration::from_nanos(self.longest.load(Relaxed)),
            in_state: age.saturating_sub(Duration::from_nanos(since)),
        }
    }

    fn since_spawn(&self, time: Instant) -> u64 {
        nanos(time.saturating_duration_since(self.spawned))
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

#[expect(clippy::disallowed_methods, reason = "processor time: a paused test clock must not reach it")]
fn now() -> Instant {
    Instant::now()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
