use std::collections::HashMap;
use std::error::Error;
use std::panic::Location;

use tokio::sync::{Semaphore, watch};

use super::{Builder, Failure, Policy, ScopeError};
use crate::cancel::Reason;
use crate::inspect::{Label, TaskRef};
use crate::task::{Ended, TaskError, TaskId};

/// What a scope, its handles and its children share.
pub(super) struct Core {
    pub(super) options: Builder,
    pub(super) place: &'static Location<'static>,
    /// One permit for each child that may run.
    pub(super) turns: Option<Semaphore>,
    /// Changed under the lock of the channel, in which nothing of the user's runs; tasks are asked to
    /// stop after its release.
    state: watch::Sender<State>,
}

struct State {
    phase: Phase,
    /// Children that have been taken and have not ended.
    alive: usize,
    /// Those of them that can be asked to stop.
    tasks: HashMap<TaskId, TaskRef>,
    failures: Vec<Failure>,
}

#[derive(PartialEq, Eq)]
enum Phase {
    Open,
    /// Everything in it has been asked to stop.
    Stopping(Reason),
    Closed,
}

impl Core {
    pub(super) fn new(options: Builder, place: &'static Location<'static>) -> Self {
        let turns = options.limit.map(|limit| Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        let state = State { phase: Phase::Open, alive: 0, tasks: HashMap::new(), failures: Vec::new() };
        Core { options, place, turns, state: watch::Sender::new(state) }
    }

    /// Counts a child that is about to be spawned; false when none is taken any more.
    pub(super) fn admit(&self) -> bool {
        self.state.send_if_modified(|state| {
            let open = state.phase == Phase::Open;
            state.alive += usize::from(open);
            open
        })
    }

    /// Names a child that has been admitted; asks it to stop if that has become due meanwhile.
    pub(super) fn enroll(&self, task: TaskRef) {
        let mut due = None;
        self.state.send_if_modified(|state| {
            state.tasks.insert(task.id(), task.clone());
            if let Phase::Stopping(reason) = &state.phase {
                due = Some(reason.clone());
            }
            false
        });
        if due.is_some() {
            task.cancel_once(due);
        }
    }

    /// A child that was enrolled has ended, and its body is gone.
    pub(super) fn ended(&self, id: TaskId, ended: &Ended) {
        if let Some(error) = ended.error().filter(|error| error.is_panic()) {
            self.fail(Failure::of_task(error.clone()));
        }
        self.state.send_modify(|state| {
            state.alive -= 1;
            state.tasks.remove(&id);
        });
    }

    /// A child has ended with an error. One that only tells of a cancellation is no failure.
    pub(super) fn child_failed(&self, task: Label, error: Box<dyn Error + Send + Sync>) -> Failure {
        let cancelled = error.downcast_ref::<TaskError>().is_some_and(TaskError::is_cancelled)
            || error.downcast_ref::<Failure>().is_some_and(Failure::is_cancelled);
        let failure = Failure::of_child(task, error);
        if !cancelled {
            self.fail(failure.clone());
        }
        failure
    }

    /// The body has ended with an error. That of a child it has awaited is known already.
    pub(super) fn body_failed(&self, error: Box<dyn Error + Send + Sync>) {
        let known = error.downcast_ref::<Failure>().is_some_and(|failure| {
            self.state.borrow().failures.iter().any(|known| known.is_the_same_as(failure))
        });
        if !known {
            self.fail(Failure::of_body(self.place, error));
        }
    }

    pub(super) fn fail(&self, failure: Failure) {
        let reason = format!("another one in its scope failed: {failure}");
        self.state.send_modify(|state| state.failures.push(failure));
        if self.options.policy == Policy::CancelSiblings {
            self.stop(Reason::from(reason));
        }
    }

    /// Takes no more children, and asks all to stop; nothing when that has been done.
    pub(super) fn stop(&self, reason: Reason) {
        let mut tasks = Vec::new();
        self.state.send_if_modified(|state| {
            let open = state.phase == Phase::Open;
            if open {
                state.phase = Phase::Stopping(reason.clone());
                tasks.extend(state.tasks.values().cloned());
            }
            open
        });
        tasks.iter().for_each(|task| task.cancel_once(Some(reason.clone())));
    }

    /// Resolves when everything has been asked to stop, with the reason.
    pub(super) async fn stopping(&self) -> Reason {
        let mut state = self.state.subscribe();
        let stopping = |state: &State| matches!(state.phase, Phase::Stopping(_));
        let state = state.wait_for(stopping).await.expect("the sender lives in self");
        match &state.phase {
            Phase::Stopping(reason) => reason.clone(),
            Phase::Open | Phase::Closed => unreachable!("it was waited for"),
        }
    }

    /// Waits until no child is alive, and takes no more from then on.
    pub(super) async fn close(&self) {
        let mut state = self.state.subscribe();
        loop {
            state.wait_for(|state| state.alive == 0).await.expect("the sender lives in self");
            // One may have come in between.
            if self.close_if_empty() {
                return;
            }
        }
    }

    fn close_if_empty(&self) -> bool {
        self.state.send_if_modified(|state| {
            let empty = state.alive == 0;
            if empty {
                state.phase = Phase::Closed;
            }
            empty
        })
    }

    pub(super) fn take_error(&self) -> Option<ScopeError> {
        let mut failures = Vec::new();
        self.state.send_if_modified(|state| {
            failures = std::mem::take(&mut state.failures);
            false
        });
        ScopeError::of(failures)
    }

    pub(super) fn alive(&self) -> usize {
        self.state.borrow().alive
    }
}
