use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a [`WorkerPool`](super::WorkerPool) has done, and does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Workers that take jobs, or run one.
    pub workers: usize,
    /// Workers that run a job.
    pub busy: usize,
    /// Jobs that wait in the queue.
    pub queued: usize,
    /// Jobs that ended with a value.
    pub done: u64,
    /// Jobs that ended with an error, a panic included.
    pub failed: u64,
    /// Jobs that nobody waited for any more.
    pub cancelled: u64,
    /// Jobs that were lost with their worker.
    pub lost: u64,
    /// Worker processes that were started.
    pub started: u64,
}

/// The counters behind [`WorkerStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) workers: AtomicUsize,
    pub(super) busy: AtomicUsize,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) started: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self, queued: usize) -> WorkerStats {
        WorkerStats {
            workers: self.workers.load(Ordering::Relaxed),
            busy: self.busy.load(Ordering::Relaxed),
            queued,
            done: self.done.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            cancelled: self.cancelled.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            started: self.started.load(Ordering::Relaxed),
        }
    }
}

/// One more of a counter, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    counters: Arc<Counters>,
    which: fn(&Counters) -> &AtomicUsize,
}

impl Counted {
    pub(super) fn new(counters: &Arc<Counters>, which: fn(&Counters) -> &AtomicUsize) -> Self {
        which(counters).fetch_add(1, Ordering::Relaxed);
        Counted { counters: Arc::clone(counters), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.counters).fetch_sub(1, Ordering::Relaxed);
    }
}
