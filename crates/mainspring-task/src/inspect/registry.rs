use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use super::{Node, TaskRef};
use crate::lock::Mutex;
use crate::task::Registered;

/// Tasks are spread over the shards by their id, so that two threads that spawn seldom meet.
const SHARDS: usize = if cfg!(feature = "__loom") { 1 } else { 16 };

#[cfg(not(feature = "__loom"))]
static REGISTRY: [Mutex<Shard>; SHARDS] = [const { Mutex::new(Shard::new()) }; SHARDS];
#[cfg(feature = "__loom")]
loom::lazy_static! {
    static ref REGISTRY: [Mutex<Shard>; SHARDS] = std::array::from_fn(|_| Mutex::new(Shard::new()));
}
static DETACHED_PANICS: AtomicU64 = AtomicU64::new(0);

/// A slab: entries keep their slot, freed slots are used again.
struct Shard {
    slots: Vec<Option<Arc<dyn Registered>>>,
    free: Vec<usize>,
}

impl Shard {
    const fn new() -> Self {
        Shard { slots: Vec::new(), free: Vec::new() }
    }

    fn insert(&mut self, task: Arc<dyn Registered>) -> usize {
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = Some(task);
            slot
        } else {
            self.slots.push(Some(task));
            self.slots.len() - 1
        }
    }
}

fn shard(node: &Node) -> &'static Mutex<Shard> {
    &REGISTRY[node.id.as_u64() as usize % SHARDS]
}

pub(crate) fn enroll(task: Arc<dyn Registered>) {
    let mut shard = shard(task.node()).lock().unwrap_or_else(PoisonError::into_inner);
    let slot = shard.insert(Arc::clone(&task));
    task.node().slot.set(slot).expect("a task is enrolled once, where it is made");
}

pub(super) fn remove(node: &Node) {
    let Some(&slot) = node.slot.get() else { return };
    let mut shard = shard(node).lock().unwrap_or_else(PoisonError::into_inner);
    let entry = shard.slots[slot].take();
    shard.free.push(slot);
    // The entry may be the last owner of the task's outcome, whose drop is user code.
    drop(shard);
    drop(entry);
}

/// All tasks that have not ended, the oldest first; the caller's own among them.
///
/// Tasks made by bare `tokio::spawn` are not here.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let task = mainspring_task::spawn(async {});
/// assert!(mainspring_task::all_tasks().iter().any(|known| known.id() == task.id()));
/// # }
/// ```
#[must_use]
pub fn all_tasks() -> Vec<TaskRef> {
    let mut tasks = Vec::new();
    for shard in REGISTRY.iter() {
        let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.extend(shard.slots.iter().flatten().map(|task| TaskRef::new(Arc::clone(task))));
    }
    tasks.sort_unstable_by_key(TaskRef::id);
    tasks
}

/// The task of this number, unless it has ended.
pub(super) fn find(number: u64) -> Option<TaskRef> {
    let shard = REGISTRY[number as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
    let task = shard.slots.iter().flatten().find(|task| task.node().id.as_u64() == number);
    task.map(|task| TaskRef::new(Arc::clone(task)))
}

/// How many tasks of this process have panicked with nobody to await them.
#[must_use]
pub fn detached_panics() -> u64 {
    DETACHED_PANICS.load(Ordering::Relaxed)
}

pub(crate) fn count_detached_panic() {
    DETACHED_PANICS.fetch_add(1, Ordering::Relaxed);
}
