use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use super::Shutdown;
use super::queue_error::{QueueError, Rejected};
use super::store::Store;

/// Places and items are counted by two fair semaphores: who waits first is served first, and a
/// waiter that goes away hands its turn on. An item moves only under the lock, never across an
/// await, so a cancellation loses and doubles nothing.
pub(super) struct Core<T> {
    /// Held for a few steps, in which an item's `Ord` may run but no item is dropped.
    state: Mutex<State<T>>,
    /// One permit for each item that may be taken. Closed by the shutdown.
    pub(super) items: Semaphore,
    /// One permit for each place left; `None` when there is no limit. Closed by the shutdown.
    pub(super) places: Option<Places>,
    /// Tells those who join that nothing is unfinished.
    pub(super) finished: Notify,
}

pub(super) struct Places {
    pub(super) free: Semaphore,
    pub(super) limit: usize,
}

pub(super) struct State<T> {
    pub(super) store: Box<dyn Store<T>>,
    pub(super) unfinished: usize,
    /// How often `unfinished` has come down to zero.
    pub(super) finishes: u64,
    pub(super) shut_down: bool,
}

impl<T> State<T> {
    /// The count falls short of `items` only when `task_done` was called for items never taken.
    pub(super) fn done(&mut self, items: usize) {
        let before = self.unfinished;
        self.unfinished = before.saturating_sub(items);
        if before > 0 && self.unfinished == 0 {
            self.finishes += 1;
        }
    }
}

impl<T> Core<T> {
    pub(super) fn new(limit: Option<usize>, store: Box<dyn Store<T>>) -> Self {
        let places = limit.map(|limit| Places {
            // More items than a semaphore counts do not fit into memory.
            free: Semaphore::new(limit.min(Semaphore::MAX_PERMITS)),
            limit,
        });
        let state = Mutex::new(State { store, unfinished: 0, finishes: 0, shut_down: false });
        Core { state, items: Semaphore::new(0), places, finished: Notify::new() }
    }

    /// The caller has paid for a place. The queue may have been shut down since.
    pub(super) fn insert(&self, item: T) -> Result<(), Rejected<T>> {
        let mut state = self.lock();
        if state.shut_down {
            return Err(Rejected::new(item, QueueError::SHUT_DOWN));
        }
        state.store.push(item);
        state.unfinished += 1;
        drop(state);
        self.items.add_permits(1);
        Ok(())
    }

    /// The caller has paid for an item, or found the queue shut down.
    pub(super) fn take(&self) -> Result<T, QueueError> {
        // Nothing there: another took what the shutdown left, or the shutdown dropped it.
        let item = self.lock().store.pop().ok_or(QueueError::SHUT_DOWN)?;
        if let Some(places) = &self.places {
            places.free.add_permits(1);
        }
        Ok(item)
    }

    /// Marks the queue shut down, and gives what is to be dropped once no lock is held.
    pub(super) fn close(&self, how: Shutdown) -> Vec<T> {
        let mut state = self.lock();
        state.shut_down = true;
        let mut dropped = Vec::new();
        if how == Shutdown::Immediate {
            dropped.extend(std::iter::from_fn(|| state.store.pop()));
            state.done(dropped.len());
        }
        drop(state);
        self.finished.notify_waiters();
        dropped
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
