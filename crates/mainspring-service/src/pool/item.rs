use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::core::Core;

/// How many items are alive, shared by the pool and by each item.
///
/// It is raised under the lock of the pool's state only, which is what keeps it within `max`; it
/// falls anywhere.
#[derive(Debug)]
pub(super) struct Census {
    alive: watch::Sender<usize>,
    min: usize,
    /// Rung when there are fewer than `min`.
    pub(super) wanting: Notify,
}

impl Census {
    pub(super) fn new(min: usize) -> Arc<Self> {
        Arc::new(Census { alive: watch::Sender::new(0), min, wanting: Notify::new() })
    }

    pub(super) fn alive(&self) -> usize {
        *self.alive.borrow()
    }

    pub(super) async fn none_alive(&self) {
        let gone = self.alive.subscribe().wait_for(|alive| *alive == 0).await.map(drop);
        gone.expect("the sender is borrowed here");
    }
}

/// One item's count in the [`Census`], from before it is made until after it is destroyed.
pub(super) struct Alive(Arc<Census>);

impl Alive {
    /// To be called under the lock of the pool's state.
    pub(super) fn new(census: &Arc<Census>) -> Self {
        census.alive.send_modify(|alive| *alive += 1);
        Alive(Arc::clone(census))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut left = 0;
        self.0.alive.send_modify(|alive| {
            *alive -= 1;
            left = *alive;
        });
        if left < self.0.min {
            self.0.wanting.notify_one();
        }
    }
}

/// An item with its dates. The order of the fields is that of their drop: the value first.
pub(super) struct Item<T> {
    pub(super) value: T,
    pub(super) dies: Option<Instant>,
    /// When it was made or came back.
    pub(super) idle_since: Instant,
    pub(super) alive: Alive,
}

impl<T> Item<T> {
    pub(super) fn is_too_old(&self, now: Instant) -> bool {
        self.dies.is_some_and(|dies| dies <= now)
    }
}

/// An item in a seat. Dropped, the item is destroyed, and the seat is given on after that.
pub(super) struct Held<T: Send + 'static> {
    pub(super) item: Option<Item<T>>,
    pub(super) seat: Option<OwnedSemaphorePermit>,
    pub(super) core: Arc<Core<T>>,
}

impl<T: Send + 'static> Held<T> {
    pub(super) fn value(&mut self) -> &mut T {
        &mut self.item.as_mut().expect("an item is held until it is given back").value
    }
}

impl<T: Send + 'static> Drop for Held<T> {
    fn drop(&mut self) {
        if let (Some(item), Some(seat)) = (self.item.take(), self.seat.take()) {
            drop(self.core.destroy(item, seat));
        }
    }
}
