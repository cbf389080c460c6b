use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use super::core::Core;

/// What a pool does with a job for which it has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The job waits outside, in the future that its caller awaits, and enters in the order in
    /// which jobs were first awaited.
    Wait,
    /// The job is refused, with an error that [is full](super::PoolError::is_full).
    Refuse,
}

/// A pool to be: its bounds and what it does when they are reached.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::{Full, Pool, run_in};
///
/// let pool = Pool::builder("images").threads(2).queue(8).when_full(Full::Refuse).build();
/// let name = run_in(&pool, || std::thread::current().name().map(str::to_owned));
/// assert_eq!(name.await.unwrap().as_deref(), Some("images-0"));
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder {
    pub(super) name: Arc<str>,
    pub(super) threads: usize,
    pub(super) queue: usize,
    pub(super) when_full: Full,
    pub(super) idle: Duration,
}

impl PoolBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        let idle = Duration::from_secs(60);
        PoolBuilder { name, threads: io_threads(), queue: 1024, when_full: Full::Wait, idle }
    }

    /// How many threads there are at most; zero counts as one. Default: twice the cores, but from
    /// 4 to 32.
    ///
    /// A thread is started when a job finds none idle.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// How many jobs may be queued while all threads are busy. Default: 1024.
    ///
    /// With zero, a job is taken only if a thread is free for it.
    pub fn queue(mut self, jobs: usize) -> Self {
        self.queue = jobs;
        self
    }

    /// What becomes of a job without a place. Default: [`Full::Wait`].
    pub fn when_full(mut self, what: Full) -> Self {
        self.when_full = what;
        self
    }

    /// How long a thread waits for work before it ends. Default: 60 s.
    pub fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// The pool. It has no thread until its first job.
    #[must_use]
    pub fn build(self) -> Pool {
        Pool::new(Core::new(self))
    }
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn io_threads() -> usize {
    (2 * cores()).clamp(4, 32)
}
