use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::PoolError;
use super::entry::{Enrolled, Entry};

/// A job of any type. Dropping one that has not run drops the closure and leaves the registry.
pub(super) trait Work: Send {
    fn entry(&self) -> &Arc<Entry>;

    /// Runs the job on this thread and never unwinds. `finished` is called when the closure is
    /// gone and before whoever waits is told, so that the pool's figures are right by then.
    fn run(self: Box<Self>, finished: &mut dyn FnMut(Ending));
}

/// How a job ended, as the pool counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Panicked,
    NeverRan,
}

/// A closure, and where its value goes.
pub(super) struct Call<F, T> {
    f: F,
    reply: oneshot::Sender<Result<T, PoolError>>,
    entry: Enrolled,
}

impl<F, T> Call<F, T> {
    pub(super) fn new(f: F, reply: oneshot::Sender<Result<T, PoolError>>, entry: Enrolled) -> Self {
        Call { f, reply, entry }
    }
}

impl<F, T> Work for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    fn run(self: Box<Self>, finished: &mut dyn FnMut(Ending)) {
        let Call { f, reply, entry } = *self;
        let outcome = entry.run(f);
        drop(entry);
        finished(match &outcome {
            Ok(_) => Ending::Completed,
            Err(error) if error.is_panic() => Ending::Panicked,
            Err(_) => Ending::NeverRan,
        });
        if let Err(unseen) = reply.send(outcome) {
            throw_away(unseen);
        }
    }
}

/// A panic nobody awaits is said once; a value nobody awaits is dropped, which may panic as well.
pub(super) fn throw_away<T>(outcome: Result<T, PoolError>) {
    match outcome {
        Err(error) if error.is_panic() => {
            crate::inspect::count_detached_panic();
            tracing::error!(%error, "a blocking job panicked and nobody awaited it");
        }
        outcome => {
            if catch_unwind(AssertUnwindSafe(|| drop(outcome))).is_err() {
                crate::inspect::count_detached_panic();
                tracing::error!("the value of a blocking job panicked when it was thrown away");
            }
        }
    }
}
