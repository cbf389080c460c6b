use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use mainspring_task::{TaskId, TaskRef};
use tokio::sync::Notify;

/// The tasks of one service that have not ended.
///
/// The map is locked for one insertion or removal per task, never across an await.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    live: Mutex<HashMap<u64, Option<TaskRef>>>,
    next: std::sync::atomic::AtomicU64,
    changed: Notify,
}

/// One task's place among [`Tasks`]; given back when the task's body is dropped.
pub(super) struct Seat {
    tasks: Arc<Tasks>,
    key: u64,
}

impl Tasks {
    /// Counts a task that is about to be spawned, so that no wait can miss it.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let key = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
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
        tasks.sort_unstable_by_key(|task| -> TaskId { task.id() });
        tasks
    }

    pub(super) async fn empty(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().is_empty() {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Option<TaskRef>>> {
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
        if live.is_empty() {
            self.tasks.changed.notify_waiters();
        }
    }
}
