use std::cell::Cell;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::current::leave_lane;
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
    const fn new() -> Self {
        Lane {
            task: AtomicU64::new(0),
            since: AtomicU64::new(0),
            thread: AtomicI32::new(0),
            low: AtomicUsize::new(0),
            high: AtomicUsize::new(0),
        }
    }

    /// Notes the poll that begins or goes on.
    #[inline(always)]
    pub(super) fn set(&self, polling: Polling) {
        self.since.store(polling.since, Relaxed);
        self.task.store(polling.task, Relaxed);
    }

    /// The thread polls nothing.
    #[inline(always)]
    pub(super) fn set_idle(&self) {
        self.task.store(0, Relaxed);
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
            let lane = Box::leak(Box::new(Lane::new()));
            lanes.all.push(lane);
            lane
        });
        lane.low.store(thread.low, Relaxed);
        lane.high.store(thread.high, Relaxed);
        lane.thread.store(thread.id, Relaxed);
        // Fails only while the thread is being torn down, and then a lane is lost.
        let _ = JOINED.try_with(|joined| joined.0.set(Some(lane)));
        lane
    }

    /// The thread ends.
    fn leave(&'static self) {
        leave_lane(&NOWHERE);
        self.thread.store(0, Relaxed);
        self.task.store(0, Relaxed);
        lock().free.push(self);
    }
}

/// Stands for the lane of threads that are being torn down; the watchdog does not know it.
static NOWHERE: Lane = Lane::new();

thread_local! {
    static JOINED: Joined = const { Joined(Cell::new(None)) };
}

/// Has the thread leave its lane when it ends.
struct Joined(Cell<Option<&'static Lane>>);

impl Drop for Joined {
    fn drop(&mut self) {
        if let Some(lane) = self.0.take() {
            lane.leave();
        }
    }
}

/// All lanes there have ever been.
pub(super) fn lanes() -> Vec<&'static Lane> {
    lock().all.clone()
}

fn lock() -> std::sync::MutexGuard<'static, Lanes> {
    LANES.lock().unwrap_or_else(PoisonError::into_inner)
}
