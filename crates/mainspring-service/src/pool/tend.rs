use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use mainspring_task::task::{self, panic_message};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use super::core::Core;
use super::error::AcquireError;
use super::item::{Alive, Item};

/// Sees to it that a task tends the pool, if there is anything to tend.
pub(super) fn tend<T: Send + 'static>(core: &Arc<Core<T>>) {
    let limits = &core.limits;
    let needed = limits.min > 0 || limits.idle.is_some() || limits.max_age.is_some();
    if needed && !core.tended.load(Ordering::Relaxed) && !core.tended.swap(true, Ordering::AcqRel) {
        let tending = Tending(Arc::downgrade(core));
        task::Builder::new().name(format!("pool {}", core.name)).spawn(run(tending)).detach();
    }
}

/// Lets another task tend the pool when this one is gone, as with its runtime.
struct Tending<T: Send + 'static>(Weak<Core<T>>);

impl<T: Send + 'static> Drop for Tending<T> {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            core.tended.store(false, Ordering::Release);
        }
    }
}

async fn run<T: Send + 'static>(tending: Tending<T>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(core) = tending.0.upgrade() else { return };
        if core.lock().closed {
            return;
        }
        expire(&core);
        let wait = match fill_past_panics(&core).await {
            Ok(_) => {
                pause = FIRST_PAUSE;
                next_expiry(&core)
            }
            Err(error) => {
                tracing::warn!(pool = &*core.name, %error, "cannot keep the least number of items");
                drop(core);
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
                continue;
            }
        };
        let census = Arc::clone(&core.census);
        drop(core);
        // An early ring or the end of the wait: both ask for another round.
        let _ = timeout(wait, census.wanting.notified()).await;
    }
}

/// [`fill`], with a panic as an error: the items are needed after it too.
async fn fill_past_panics<T: Send + 'static>(core: &Arc<Core<T>>) -> Result<usize, AcquireError> {
    AssertUnwindSafe(fill(core)).catch_unwind().await.unwrap_or_else(|payload| {
        core.lock().tally.create_failures += 1;
        let said = format!("it panicked: {}", panic_message(&*payload));
        Err(AcquireError::create(&core.name, said.into()))
    })
}

/// Makes items until there are `min`, as far as seats are free.
pub(super) async fn fill<T: Send + 'static>(core: &Arc<Core<T>>) -> Result<usize, AcquireError> {
    let mut made = 0;
    while let Some((alive, seat)) = place(core) {
        // No acquire bounds this one, and a seat that never comes back is lost.
        let limit = core.limits.acquire;
        let made_in_time = timeout(limit, core.make(alive, seat)).await;
        let held = made_in_time.unwrap_or_else(|_| Err(core.too_late(limit)))?;
        core.give_back(held);
        made += 1;
    }
    Ok(made)
}

/// A seat and a count for one more item; `None` when there are enough, or all seats are taken.
fn place<T: Send + 'static>(core: &Arc<Core<T>>) -> Option<(Alive, OwnedSemaphorePermit)> {
    let state = core.lock();
    if state.closed || core.census.alive() >= core.limits.min {
        return None;
    }
    let seat = Arc::clone(&core.seats).try_acquire_owned().ok()?;
    Some((Alive::new(&core.census), seat))
}

/// Destroys what has been idle for too long or is too old.
///
/// Each goes out in a seat. If none is free, all items are wanted, and age is looked at when they
/// are handed out.
fn expire<T: Send + 'static>(core: &Arc<Core<T>>) {
    while let Some((item, seat)) = expired(core, Instant::now()) {
        drop(core.destroy(item, seat));
    }
}

fn expired<T: Send + 'static>(core: &Arc<Core<T>>, now: Instant) -> Option<(Item<T>, OwnedSemaphorePermit)> {
    let mut state = core.lock();
    let spare = core.census.alive() > core.limits.min;
    let too_idle = |item: &Item<T>| {
        spare && core.limits.idle.is_some_and(|limit| now.duration_since(item.idle_since) >= limit)
    };
    // The one that has been idle for longest is at the front.
    let index = state.idle.iter().position(|item| item.is_too_old(now) || too_idle(item))?;
    let seat = Arc::clone(&core.seats).try_acquire_owned().ok()?;
    state.tally.expired += 1;
    state.idle.remove(index).map(|item| (item, seat))
}

/// How long nothing can expire. An item that comes back meanwhile has its whole idle time before it.
fn next_expiry<T: Send + 'static>(core: &Arc<Core<T>>) -> Duration {
    let now = Instant::now();
    let limits = &core.limits;
    let state = core.lock();
    let ages = state.idle.iter().filter_map(|item| item.dies);
    let oldest = state.idle.front().filter(|_| core.census.alive() > limits.min);
    let idles = oldest.zip(limits.idle).and_then(|(item, limit)| item.idle_since.checked_add(limit));
    let next = ages.chain(idles).min().map(|at| at.saturating_duration_since(now));
    let bounds = [next, limits.idle, limits.max_age, Some(LONGEST_WAIT)];
    bounds.into_iter().flatten().min().unwrap_or(LONGEST_WAIT).max(SHORTEST_WAIT)
}

/// After a failure to keep `min` items.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Between two looks at the dates.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
