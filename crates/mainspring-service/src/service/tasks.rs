use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_task::TaskRef;

/// The tasks of one service that have not ended.
///
/// The map is locked for one insertion or removal per task, never across an await.
#[derive(Default)]
pub(super) struct Tasks {
    live: Mutex<HashMap<u64, Option<TaskRef>>>,
    next: AtomicU64,
    /// Called when the last one has ended.
    emptied: Option<Box<dyn Fn() + Send + Sync>>,
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
        self.lock().insert(key, None);
        Seat { tasks: Arc::clone(self), key }
    }

    /// The task was spawned. It may have ended already: then its seat is gone.
    pub(super) fn spawned(&self, key: u64, task: TaskRef) {
        if let Some(entry) = self.lock().get_mut(&key) {
            *entry = Some(task);
        }
    }

    pub(super) fn live(&self) -> Vec<TaskRef> {
        let mut tasks: Vec<_> = self.lock().values().flatten().cloned().collect();
        tasks.sort_unstable_by_key(TaskRef::id);
        tasks
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Option<TaskRef>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(super) fn key(&self) -> u64 {
        self.key
    }

    /// Runs a future in this seat.
    pub(super) async fn hold<F: Future>(self, future: F) -> F::Output {
        future.await
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
