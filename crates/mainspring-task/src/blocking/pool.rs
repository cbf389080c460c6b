use std::fmt;
use std::sync::{Arc, LazyLock};

use super::PoolBuilder;
use super::core::Core;
use super::pool_builder::cores;

/// Threads for code that blocks, with a bound on their number and a bound on the queue.
///
/// A clone is another handle of the same pool; when the last handle and the last job's future are
/// gone, its threads end. They are named after it: `io-0`, `io-1`. A pool of its own for each thing
/// that may get slow (one database, one disk) keeps the others fast.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::{Pool, run_in};
///
/// let pool = Pool::builder("database").threads(4).build();
/// assert_eq!(run_in(&pool, || 6 * 7).await.unwrap(), 42);
/// assert_eq!(pool.stats().completed, 1);
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    handle: Arc<Handle>,
}

/// Dropped with the last handle. The threads hold the core only.
struct Handle {
    core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.lock().abandoned = true;
        self.core.work.notify_all();
    }
}

impl Pool {
    pub(super) fn new(core: Core) -> Self {
        Pool { handle: Arc::new(Handle { core: Arc::new(core) }) }
    }

    /// The process's pool for code that waits: files, name look-ups, drivers that block.
    ///
    /// Twice the cores as threads, but from 4 to 32; 1024 jobs queued, then callers wait. This is
    /// where [`threaded`](super::threaded) runs.
    #[must_use]
    pub fn io() -> &'static Pool {
        static IO: LazyLock<Pool> = LazyLock::new(|| Pool::builder("io").build());
        &IO
    }

    /// The process's pool for code that computes: hashes, compression, images.
    ///
    /// One thread for each core, because more would only take turns; 1024 jobs queued, then
    /// callers wait. Work that takes well under 100 µs is better done where it stands.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::blocking::{Pool, run_in};
    ///
    /// let sum = run_in(Pool::cpu(), || (1..=1000_u64).map(|n| n * n).sum::<u64>());
    /// assert_eq!(sum.await.unwrap(), 333_833_500);
    /// # }
    /// ```
    #[must_use]
    pub fn cpu() -> &'static Pool {
        static CPU: LazyLock<Pool> = LazyLock::new(|| Pool::builder("cpu").threads(cores()).build());
        &CPU
    }

    /// A pool of your own, with the bounds of [`Pool::io`] until others are given.
    pub fn builder(name: impl Into<Arc<str>>) -> PoolBuilder {
        PoolBuilder::new(name.into())
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        self.core().name()
    }

    /// What the pool does now and has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let line = self.core().lock();
        let running = line.running.len();
        Stats {
            threads: line.threads(),
            idle: line.threads().saturating_sub(running),
            queued: line.queued(),
            waiting: line.waiting(),
            running,
            refused: line.tally.refused,
            completed: line.tally.completed,
            panicked: line.tally.panicked,
        }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.handle.core
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("name", &self.name()).field("stats", &self.stats()).finish()
    }
}

/// The figures of one pool at one moment.
///
/// ```
/// let pool = mainspring_task::blocking::Pool::builder("unused").build();
/// assert_eq!(pool.stats().threads, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Threads there are.
    pub threads: usize,
    /// Threads that run no job.
    pub idle: usize,
    /// Jobs that have a place and have not started.
    pub queued: usize,
    /// Jobs that wait for a place.
    pub waiting: usize,
    /// Jobs that run.
    pub running: usize,
    /// Jobs refused so far because there was no place.
    pub refused: u64,
    /// Jobs that ran to their end so far.
    pub completed: u64,
    /// Jobs that panicked so far.
    pub panicked: u64,
}
