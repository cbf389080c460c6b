use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::{thread_stack, watchdog};

/// What the watchdog sees of one thread that polls tasks.
///
/// Written by its thread alone; never freed, but taken over by a later thread.
pub(super) struct Lane {
    /// The number of the task that is being polled, or zero.
    task: AtomicU64,
    /// The reading of the clock when that poll began.
    since: AtomicU64,
    /// The thread, for a signal to find it; zero when there is none.
    thread: AtomicI32,
    /// The addresses its stack lies between.
    low: AtomicUsize,
    high: AtomicUsize,
}

/// All lanes, and those that no thread uses.
static LANES: Mutex<Lanes> = Mutex::new(Lanes { all: Vec::new(), free: Vec::new() });

struct Lanes {
    all: Vec<&'static Lane>,
    free: Vec<&'static Lane>,
}

/// A poll that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Polling {
    pub(super) task: u64,
    pub(super) since: u64,
}

impl Lane {
    /// Notes the poll that begins, and gives back the one around it.
    #[inline]
    pub(super) fn swap(&self, polling: Polling) -> Polling {
        let outer = self.polling();
        self.since.store(polling.since, Relaxed);
        self.task.store(polling.task, Relaxed);
        outer
    }

    #[inline]
    pub(super) fn polling(&self) -> Polling {
        Polling { task: self.task.load(Relaxed), since: self.since.load(Relaxed) }
    }

    pub(super) fn thread(&self) -> thread_stack::Thread {
        thread_stack::Thread {
            id: self.thread.load(Relaxed),
            low: self.low.load(Relaxed),
            high: self.high.load(Relaxed),
        }
    }

    /// The lane of the calling thread, which polls a task for the first time.
    #[cold]
    pub(super) fn join() -> &'static Lane {
        watchdog::start();
        let thread = thread_stack::Thread::current();
        let mut lanes = lock();
        let lane = lanes.free.pop().unwrap_or_else(|| {
            let lane = Box::leak(Box::new(Lane {
                task: AtomicU64::new(0),
                since: AtomicU64::new(0),
                thread: AtomicI32::new(0),
                low: AtomicUsize::new(0),
                high: AtomicUsize::new(0),
            }));
            lanes.all.push(lane);
            lane
        });
        lane.low.store(thread.low, Relaxed);
        lane.high.store(thread.high, Relaxed);
        lane.thread.store(thread.id, Relaxed);
        lane
    }

    /// The thread ends.
    pub(super) fn leave(&'static self) {
        self.thread.store(0, Relaxed);
        self.task.store(0, Relaxed);
        lock().free.push(self);
    }
}

/// All lanes there have ever been.
pub(super) fn lanes() -> Vec<&'static Lane> {
    lock().all.clone()
}

fn lock() -> std::sync::MutexGuard<'static, Lanes> {
    LANES.lock().unwrap_or_else(PoisonError::into_inner)
}
