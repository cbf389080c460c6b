use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;

use super::line::{Help, Line};
use super::work::{Ending, Work};
use super::{Full, PoolBuilder, PoolError, worker};

/// What the handles, the jobs and the threads of one pool share.
pub(super) struct Core {
    pub(super) settings: PoolBuilder,
    line: Mutex<Line>,
    /// Threads wait here for work.
    pub(super) work: Condvar,
    /// Whoever shuts down waits here for the end.
    quiet: Notify,
}

/// Where a job stands after it was offered to its pool.
pub(super) enum Offer {
    Taken(u64),
    /// There is no place now; given back to wait outside.
    Full(Box<dyn Work>),
    Refused(PoolError),
}

impl Core {
    pub(super) fn new(settings: PoolBuilder) -> Self {
        let line = Mutex::new(Line::new(settings.threads, settings.queue));
        Core { settings, line, work: Condvar::new(), quiet: Notify::new() }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    /// Takes the job if there is a place.
    pub(super) fn offer(self: &Arc<Self>, work: Box<dyn Work>) -> Offer {
        let mut line = self.lock();
        if !line.open {
            return Offer::Refused(PoolError::shut_down(self.name()));
        }
        if line.has_place() {
            let (number, help) = line.push(work);
            drop(line);
            self.send(help);
            return Offer::Taken(number);
        }
        match self.settings.when_full {
            Full::Wait => Offer::Full(work),
            Full::Refuse => {
                line.tally.refused += 1;
                Offer::Refused(PoolError::full(self.name(), self.settings.threads, self.settings.queue))
            }
        }
    }

    /// Takes the job, or lets it line up for a place.
    pub(super) fn line_up(self: &Arc<Self>, work: Box<dyn Work>) -> Result<u64, PoolError> {
        match self.offer(work) {
            Offer::Taken(number) => Ok(number),
            Offer::Refused(error) => Err(error),
            Offer::Full(work) => {
                let mut line = self.lock();
                // Between the two locks a place may have come free, or the pool may have been closed.
                if !line.open {
                    return Err(PoolError::shut_down(self.name()));
                }
                if !line.has_place() {
                    return Ok(line.wait(work));
                }
                let (number, help) = line.push(work);
                drop(line);
                self.send(help);
                Ok(number)
            }
        }
    }

    /// Takes the job whatever the bounds say. For clean-ups, one at most for each open iterator.
    pub(super) fn force(self: &Arc<Self>, work: Box<dyn Work>) {
        let (_, help) = self.lock().push(work);
        self.send(help);
    }

    pub(super) fn still_waits(&self, number: u64, waker: &Waker) -> bool {
        self.lock().still_waits(number, waker)
    }

    /// Nobody waits for this job any more.
    pub(super) fn forget(&self, number: u64) {
        let removed = self.lock().forget(number);
        removed.let_go();
        self.look();
    }

    pub(super) fn finish(&self, number: u64, ending: Ending) {
        let removed = self.lock().finish(number, ending);
        removed.let_go();
        self.look();
    }

    /// Why a job that was in the pool has been dropped unrun.
    pub(super) fn why_dropped(&self) -> PoolError {
        if self.lock().open { PoolError::no_thread(self.name()) } else { PoolError::shut_down(self.name()) }
    }

    /// Lets those who wait for the end look again.
    pub(super) fn look(&self) {
        self.quiet.notify_waiters();
    }

    /// Waits until nothing runs, nothing is queued and no thread is left.
    pub(super) async fn quiet(&self) {
        loop {
            // Enrolled before the look, so that a change between the two is not missed.
            let mut changed = pin!(self.quiet.notified());
            changed.as_mut().enable();
            if self.lock().is_quiet() {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(self: &Arc<Self>, help: Help) {
        match help {
            Help::Wake => self.work.notify_one(),
            Help::Hire(thread) => worker::hire(self, thread),
            Help::Nothing => {}
        }
    }
}
