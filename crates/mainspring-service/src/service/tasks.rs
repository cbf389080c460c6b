use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use mainspring_task::TaskRef;
use pin_project_lite::pin_project;
use tokio::time::Instant;

/// The tasks of one service that have not ended.
///
/// The map is locked for one insertion or removal per task, never across an await.
#[derive(Default)]
pub(super) struct Tasks {
    live: Mutex<HashMap<u64, Work>>,
    next: AtomicU64,
    /// Called when the last one has ended.
    emptied: Option<Box<dyn Fn() + Send + Sync>>,
}

/// What holds a seat.
#[derive(Clone)]
pub(crate) enum Work {
    /// A task that is being spawned.
    Coming,
    Task(TaskRef),
    /// A [`Drain`].
    Held {
        place: &'static Location<'static>,
        since: Instant,
    },
}

/// Work that must be finished before the process ends, by whoever holds this; made by
/// [`Context::drain`](crate::Context::drain).
///
/// While it lives the service's end waits for it, within the shutdown grace. When that is over, the log
/// says where it was made and how old it is.
#[must_use = "the work counts as finished when this is dropped"]
pub struct Drain {
    _seat: Seat,
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").finish_non_exhaustive()
    }
}

/// One task's place among [`Tasks`]; given back when the task's body is dropped.
pub(super) struct Seat {
    tasks: Arc<Tasks>,
    key: u64,
}

impl Tasks {
    pub(super) fn new(emptied: impl Fn() + Send + Sync + 'static) -> Self {
        Tasks { emptied: Some(Box::new(emptied)), ..Tasks::default() }
    }

    /// Counts a task that is about to be spawned, so that no wait can miss it.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(key, Work::Coming);
        Seat { tasks: Arc::clone(self), key }
    }

    pub(super) fn drain(self: &Arc<Self>, place: &'static Location<'static>) -> Drain {
        let seat = self.seat();
        self.lock().insert(seat.key, Work::Held { place, since: Instant::now() });
        Drain { _seat: seat }
    }

    /// The task was spawned. It may have ended already: then its seat is gone.
    pub(super) fn spawned(&self, key: u64, task: TaskRef) {
        if let Some(entry) = self.lock().get_mut(&key) {
            *entry = Work::Task(task);
        }
    }

    /// Who is there, in the order of their coming.
    pub(super) fn live(&self) -> Vec<Work> {
        let mut work: Vec<_> = self.lock().iter().map(|(key, work)| (*key, work.clone())).collect();
        work.sort_unstable_by_key(|(key, _)| *key);
        work.into_iter().map(|(_, work)| work).collect()
    }

    pub(super) fn tasks(&self) -> Vec<TaskRef> {
        let task = |work| if let Work::Task(task) = work { Some(task) } else { None };
        self.live().into_iter().filter_map(task).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Work>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(super) fn key(&self) -> u64 {
        self.key
    }

    /// Runs a future in this seat.
    pub(super) fn hold<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        Seated { future, _seat: self }
    }
}

pin_project! {
    /// A future in its seat. By hand, because every poll of every connection goes through it.
    struct Seated<F> {
        // Dropped before the seat is given back.
        #[pin]
        future: F,
        _seat: Seat,
    }
}

impl<F: Future> Future for Seated<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut live = self.tasks.lock();
        live.remove(&self.key);
        let empty = live.is_empty();
        drop(live);
        if let (true, Some(emptied)) = (empty, &self.tasks.emptied) {
            emptied();
        }
    }
}
