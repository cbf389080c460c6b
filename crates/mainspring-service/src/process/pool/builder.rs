use std::sync::Arc;
use std::time::Duration;

use mainspring_task::blocking::Full;

use super::WorkerPool;
use super::frame::SMALLEST_LIMIT;

/// A pool of workers to be; made by [`WorkerPool::builder`].
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::process::WorkerPool;
///
/// let pool = WorkerPool::builder(8)
///     .name("thumbnails")
///     .queue(100)
///     .max_jobs(1000)
///     .idle(Duration::from_secs(60))
///     .build();
/// assert_eq!(pool.name(), "thumbnails");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct WorkerPoolBuilder {
    settings: Settings,
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) name: Arc<str>,
    pub(super) workers: usize,
    pub(super) queue: usize,
    pub(super) when_full: Full,
    /// Workers start when there is a job for them.
    pub(super) lazy: bool,
    pub(super) max_jobs: Option<u64>,
    pub(super) idle: Option<Duration>,
    pub(super) cancel_grace: Duration,
    pub(super) ready_within: Duration,
    pub(super) max_frame: u32,
}

impl WorkerPoolBuilder {
    pub(super) fn new(workers: usize) -> Self {
        let settings = Settings {
            name: "workers".into(),
            workers: workers.max(1),
            queue: 1024,
            when_full: Full::Wait,
            lazy: false,
            max_jobs: None,
            idle: None,
            cancel_grace: Duration::from_secs(5),
            ready_within: Duration::from_secs(30),
            max_frame: 64 * 1024 * 1024,
        };
        WorkerPoolBuilder { settings }
    }

    /// The name of the pool as a service, and in the names of its workers. Default: `workers`.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many jobs may wait for a worker; at least one. Default: 1,024.
    pub fn queue(mut self, jobs: usize) -> Self {
        self.settings.queue = jobs.max(1);
        self
    }

    /// What becomes of a job when the queue is full. Default: [`Full::Wait`].
    pub fn when_full(mut self, what: Full) -> Self {
        self.settings.when_full = what;
        self
    }

    /// Starts each worker when there is a job for it. Default: all with the pool, which is ready
    /// when they are.
    pub fn lazy(mut self) -> Self {
        self.settings.lazy = true;
        self
    }

    /// Replaces a worker after so many jobs; at least one. Default: never.
    pub fn max_jobs(mut self, jobs: u64) -> Self {
        self.settings.max_jobs = Some(jobs.max(1));
        self
    }

    /// Ends a worker that has had no job for so long; the next job starts another, so the pool is
    /// [`lazy`](WorkerPoolBuilder::lazy) too. Default: never.
    pub fn idle(mut self, time: Duration) -> Self {
        self.settings.idle = Some(time);
        self.lazy()
    }

    /// How long a job that is cancelled may take to end before its worker is killed. Default: 5 s.
    pub fn cancel_grace(mut self, grace: Duration) -> Self {
        self.settings.cancel_grace = grace;
        self
    }

    /// How long a worker may take from its start to its first job. Default: 30 s.
    pub fn ready_within(mut self, bound: Duration) -> Self {
        self.settings.ready_within = bound;
        self
    }

    /// How many bytes the arguments or the result of a job may take. Default: 64 MiB.
    ///
    /// Results may always take 32 KiB, so that messages of errors have room.
    pub fn max_frame(mut self, bytes: u32) -> Self {
        self.settings.max_frame = bytes;
        self
    }

    /// The pool; it takes jobs at once, and runs them when it is started as a service.
    #[must_use]
    pub fn build(self) -> WorkerPool {
        WorkerPool::with(self.settings)
    }
}

impl Settings {
    /// The limit of what comes back.
    pub(super) fn max_answer(&self) -> u32 {
        self.max_frame.max(SMALLEST_LIMIT)
    }
}
