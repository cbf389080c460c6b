use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use crate::inspect::TaskInfo;

impl Pool {
    /// Ends the pool: takes no new jobs, runs those queued, and waits until all are done and the
    /// threads are gone.
    ///
    /// Jobs that only wait for a place are turned away at once. When `within` is over, what is
    /// still queued is dropped, and what still runs is told through
    /// [`is_cancelled`](super::is_cancelled) and left behind; its futures stay good.
    ///
    /// It is final, for the pools of the process as well. It may be called again, to wait longer.
    ///
    /// # Errors
    ///
    /// [`Unfinished`] names the jobs that still run and counts those that were dropped.
    ///
    /// # Panics
    ///
    /// When the runtime has no timers.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the pool stays closed and goes on with what it has, unbounded.
    pub async fn shutdown(&self, within: Duration) -> Result<(), Unfinished> {
        let core = self.core();
        let turned_away = core.lock().close();
        core.work.notify_all();
        turned_away.let_go();
        if tokio::time::timeout(within, core.quiet()).await.is_ok() {
            return Ok(());
        }
        let mut line = core.lock();
        let removed = line.empty_queue();
        let running: Vec<_> = line.running.values().cloned().collect();
        drop(line);
        core.work.notify_all();
        running.iter().for_each(|entry| entry.give_up());
        let running: Vec<_> = running.iter().map(|entry| entry.reference().info()).collect();
        let dropped = removed.work.len();
        removed.let_go();
        if dropped == 0 && running.is_empty() {
            return Ok(());
        }
        Err(Unfinished { pool: Arc::clone(core.name()), dropped, running })
    }
}

/// What a pool had not finished when the time for its shutdown was over.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::blocking::{Pool, is_cancelled, run_in};
///
/// let pool = Pool::builder("slow").threads(1).build();
/// let job = run_in(&pool, || while !is_cancelled() {});
/// let unfinished = pool.shutdown(Duration::from_millis(10)).await.unwrap_err();
/// assert_eq!(unfinished.running().len() + unfinished.dropped(), 1);
/// # drop(job);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Unfinished {
    pool: Arc<str>,
    dropped: usize,
    running: Vec<TaskInfo>,
}

impl Unfinished {
    /// The jobs that still run, the oldest first.
    #[must_use]
    pub fn running(&self) -> &[TaskInfo] {
        &self.running
    }

    /// How many jobs were dropped that had not started.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pool, dropped, running) = (&self.pool, self.dropped, self.running.len());
        write!(f, "pool `{pool}` was shut down with {running} jobs still running and {dropped} dropped")?;
        for (nth, job) in self.running.iter().enumerate() {
            let separator = if nth == 0 { ": " } else { ", " };
            write!(f, "{separator}`{}` ({}) for {:.1?}", job.name, job.place, job.in_state)?;
        }
        Ok(())
    }
}

impl std::error::Error for Unfinished {}
