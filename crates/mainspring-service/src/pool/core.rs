use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use mainspring_task::{task, time::timeout};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use super::error::AcquireError;
use super::hooks::{Hooks, Limits};
use super::item::{Alive, Census, Held, Item};
use super::stats::{Stats, Tally};

/// What all handles and guards of one pool share.
///
/// Every item that is alive and not in `idle` stands in a seat of its own. So whoever has a seat
/// and finds `idle` empty may make an item, and there are never more than `max`.
pub(super) struct Core<T: Send + 'static> {
    pub(super) name: Arc<str>,
    pub(super) hooks: Hooks<T>,
    pub(super) limits: Limits,
    pub(super) seats: Arc<Semaphore>,
    pub(super) census: Arc<Census>,
    pub(super) tended: AtomicBool,
    waiting: AtomicUsize,
    state: Mutex<State<T>>,
}

/// Locked for a push or a pop, never across an await; no item is dropped under the lock.
pub(super) struct State<T> {
    /// The one used last is at the back.
    pub(super) idle: VecDeque<Item<T>>,
    pub(super) closed: bool,
    pub(super) tally: Tally,
}

/// What a seat finds.
enum Found<T: Send + 'static> {
    Idle(Held<T>),
    Nothing(Alive, OwnedSemaphorePermit),
}

impl<T: Send + 'static> Core<T> {
    pub(super) fn new(name: Arc<str>, hooks: Hooks<T>, limits: Limits) -> Arc<Self> {
        Arc::new(Core {
            name,
            hooks,
            limits,
            seats: Arc::new(Semaphore::new(limits.max)),
            census: Census::new(limits.min),
            tended: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            state: Mutex::new(State { idle: VecDeque::new(), closed: false, tally: Tally::default() }),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.lock();
        let alive = self.census.alive();
        Stats {
            alive,
            idle: state.idle.len(),
            busy: alive.saturating_sub(state.idle.len()),
            waiting: self.waiting.load(Ordering::Relaxed),
            acquired: state.tally.acquired,
            created: state.tally.created,
            create_failures: state.tally.create_failures,
            check_failures: state.tally.check_failures,
            expired: state.tally.expired,
            destroyed: state.tally.destroyed,
            timeouts: state.tally.timeouts,
        }
    }

    /// The error of who got no item within the limit.
    pub(super) fn too_late(&self, limit: Duration) -> AcquireError {
        let stats = self.stats();
        AcquireError::timeout(&self.name, limit, stats.busy, stats.waiting)
    }

    /// Waits for a seat, then takes or makes an item.
    pub(super) async fn hold(self: &Arc<Self>) -> Result<Held<T>, AcquireError> {
        let waiting = Waiting::new(&self.waiting);
        let seat = Arc::clone(&self.seats).acquire_owned().await;
        drop(waiting);
        let mut seat = seat.map_err(|_| AcquireError::closed(&self.name))?;
        loop {
            match self.find(seat) {
                Found::Nothing(alive, seat) => return self.make(alive, seat).await,
                Found::Idle(mut held) => {
                    if self.is_fit(&mut held).await {
                        return Ok(held);
                    }
                    seat = self.replace(held).await?;
                }
            }
        }
    }

    fn find(self: &Arc<Self>, seat: OwnedSemaphorePermit) -> Found<T> {
        match self.lock().idle.pop_back() {
            Some(item) => Found::Idle(Held { item: Some(item), seat: Some(seat), core: Arc::clone(self) }),
            None => Found::Nothing(Alive::new(&self.census), seat),
        }
    }

    /// Makes an item. The seat and the count are given back if that fails or is cut off.
    pub(super) async fn make(
        self: &Arc<Self>,
        alive: Alive,
        seat: OwnedSemaphorePermit,
    ) -> Result<Held<T>, AcquireError> {
        // In this order, so that the count falls before the seat is free.
        let (seat, alive) = (seat, alive);
        let made = (self.hooks.create)().await;
        let mut state = self.lock();
        match made {
            Err(error) => {
                state.tally.create_failures += 1;
                Err(AcquireError::create(&self.name, error))
            }
            Ok(value) => {
                state.tally.created += 1;
                let now = Instant::now();
                let dies = self.limits.max_age.and_then(|age| now.checked_add(shortened(age)));
                let item = Item { value, dies, idle_since: now, alive };
                Ok(Held { item: Some(item), seat: Some(seat), core: Arc::clone(self) })
            }
        }
    }

    async fn is_fit(&self, held: &mut Held<T>) -> bool {
        if held.item.as_ref().is_some_and(|item| item.is_too_old(Instant::now())) {
            self.lock().tally.expired += 1;
            return false;
        }
        let Some(check) = &self.hooks.check else { return true };
        let fit = check(held.value()).await;
        if !fit {
            self.lock().tally.check_failures += 1;
        }
        fit
    }

    /// Destroys an item and gives its seat to whoever waits for it here.
    async fn replace(self: &Arc<Self>, mut held: Held<T>) -> Result<OwnedSemaphorePermit, AcquireError> {
        let (item, seat) = (held.item.take(), held.seat.take());
        let (item, seat) = item.zip(seat).expect("a held item has its seat");
        // The sender is dropped without a word only by a runtime that shuts down.
        self.destroy(item, seat).await.map_err(|_| AcquireError::closed(&self.name))
    }

    /// Takes a borrowed item back.
    pub(super) fn give_back(self: &Arc<Self>, mut held: Held<T>) {
        let now = Instant::now();
        let Some(mut item) = held.item.take() else { return };
        let mut state = self.lock();
        if state.closed || item.is_too_old(now) {
            state.tally.expired += u64::from(!state.closed);
            drop(state);
            // The drop of what is held destroys it.
            held.item = Some(item);
            return;
        }
        item.idle_since = now;
        state.idle.push_back(item);
        drop(state);
        // The seat is given on after the item is there to be found.
        held.seat = None;
    }

    /// Destroys an item, in a task of its own if that takes a future; then gives the seat back, or
    /// on if nobody waits for it.
    pub(super) fn destroy(
        self: &Arc<Self>,
        item: Item<T>,
        seat: OwnedSemaphorePermit,
    ) -> oneshot::Receiver<OwnedSemaphorePermit> {
        self.lock().tally.destroyed += 1;
        let (reply, receiver) = oneshot::channel();
        match Handle::try_current() {
            Ok(runtime) if self.hooks.destroy.is_some() => {
                let body = Arc::clone(self).destroyed(item, seat, reply);
                let name = format!("destroy in pool {}", self.name);
                task::Builder::new().name(name).on(&runtime).spawn(body).detach();
            }
            _ => {
                drop(item);
                drop(reply.send(seat));
            }
        }
        receiver
    }

    /// Awaits the user's destroy, within its bound.
    async fn destroyed(
        self: Arc<Self>,
        item: Item<T>,
        seat: OwnedSemaphorePermit,
        reply: oneshot::Sender<OwnedSemaphorePermit>,
    ) {
        let (seat, Item { value, alive, .. }) = (seat, item);
        // A panic says nothing of the seat, and who waits for it is to have it.
        let ended = AssertUnwindSafe(self.end(value)).catch_unwind().await;
        drop(alive);
        // A failed send drops the seat, which gives it on.
        drop(reply.send(seat));
        if let Err(payload) = ended {
            resume_unwind(payload);
        }
    }

    async fn end(&self, value: T) {
        if let Some(destroy) = &self.hooks.destroy
            && timeout(self.limits.destroy, destroy(value)).await.is_err()
        {
            let limit = self.limits.destroy;
            tracing::warn!(pool = &*self.name, ?limit, "an item was dropped: it took too long to destroy");
        }
    }

    /// Refuses new borrowers and destroys what is idle.
    pub(super) fn shut(self: &Arc<Self>) {
        self.seats.close();
        let idle = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.idle)
        };
        // No seat is free any more; these seats only say that the items are on their way out.
        let exits = Arc::new(Semaphore::new(idle.len()));
        for item in idle {
            let seat = Arc::clone(&exits).try_acquire_owned().expect("one for each item");
            drop(self.destroy(item, seat));
        }
        self.census.wanting.notify_one();
    }
}

/// Up to a tenth less, so that items made together do not all die together.
fn shortened(age: Duration) -> Duration {
    age.mul_f64(1.0 - fastrand::f64() / 10.0)
}

/// Counts one who waits for a seat.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
