use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainspring_task::sync::Queue;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::JobError;
use super::builder::Settings;
use super::hired::{Fate, Hired, Job};
use super::job_error::Kind;
use super::stats::Counters;
use crate::process::ChildError;

/// After so many workers in a row that did not start, the pool gives up.
const STARTS: u32 = 5;

/// The pause before the second worker in a row that has come to nothing; it doubles.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The place of one worker: it takes jobs from the queue and gives them to whoever sits there.
pub(super) struct Seat {
    pub(super) settings: Arc<Settings>,
    pub(super) service: Arc<str>,
    pub(super) number: usize,
    pub(super) queue: Queue<Job>,
    pub(super) counters: Arc<Counters>,
    pub(super) ending: CancellationToken,
    /// Told once that the first worker is there, if it is not lazy; and of the failure that ends it.
    pub(super) news: mpsc::Sender<Result<(), ChildError>>,
    /// Workers in a row that did not start, or died before they had ended a job.
    pub(super) failures: u32,
}

/// What a seat without a job does next.
enum Next {
    Job(Job),
    /// The worker has died.
    Died(io::Error),
    /// The worker has had nothing to do for long enough.
    Idle,
    End,
}

impl Seat {
    /// Works until the pool ends, or no worker can be started.
    pub(super) async fn work(mut self) {
        let mut worker = None;
        let worked = self.run(&mut worker).await;
        if let Some(worker) = worker.take() {
            worker.dismiss().await;
        }
        if let Err(error) = worked {
            // The pool that would listen may have ended.
            let _ = self.news.send(Err(error)).await;
        }
    }

    async fn run(&mut self, worker: &mut Option<Hired>) -> Result<(), ChildError> {
        if !self.settings.lazy {
            *worker = self.hire().await.transpose()?;
            let _ = self.news.send(Ok(())).await;
        }
        loop {
            if worker.is_none() && !self.settings.lazy {
                *worker = self.hire_again().await?;
            }
            match self.next(worker).await {
                Next::Job(job) => self.give(worker, job).await?,
                Next::Died(error) => self.bury(worker, &error).await,
                Next::Idle => dismiss(worker).await,
                Next::End => return Ok(()),
            }
        }
    }

    async fn next(&self, worker: &mut Option<Hired>) -> Next {
        let idle = self.settings.idle.filter(|_| worker.is_some());
        tokio::select! {
            biased;
            () = self.ending.cancelled() => Next::End,
            error = lost(worker) => Next::Died(error),
            job = self.queue.get() => job.map_or(Next::End, Next::Job),
            () = maybe(idle) => Next::Idle,
        }
    }

    async fn give(&mut self, worker: &mut Option<Hired>, job: Job) -> Result<(), ChildError> {
        if job.reply.is_closed() {
            self.counters.cancelled.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        if worker.as_ref().is_some_and(Hired::has_exited) {
            self.bury(worker, &io::ErrorKind::UnexpectedEof.into()).await;
        }
        let mut job = Some(job);
        while let Some(next) = job.take() {
            if worker.is_none() {
                match self.hire_again().await {
                    Ok(Some(hired)) => *worker = Some(hired),
                    Ok(None) => return Ok(()),
                    Err(error) => return Err(self.refuse(next, error)),
                }
            }
            let hired = worker.as_mut().expect("it was hired above");
            match hired.run(next, &self.counters, &self.ending).await {
                Fate::Lives => self.failures = 0,
                Fate::Killed => *worker = None,
                Fate::Died => (*worker, self.failures) = (None, self.failures + 1),
                Fate::Unreached(same) => {
                    (*worker, self.failures, job) = (None, self.failures + 1, Some(same));
                }
            }
        }
        let jobs = worker.as_ref().map_or(0, |hired| hired.jobs);
        if self.settings.max_jobs.is_some_and(|most| jobs >= most) {
            dismiss(worker).await;
        }
        Ok(())
    }

    /// A worker has ended while it had no job.
    async fn bury(&mut self, worker: &mut Option<Hired>, error: &io::Error) {
        if let Some(mut worker) = worker.take() {
            let why = worker.autopsy(error).await;
            tracing::warn!(service = &*self.service, worker = self.number, why, "an idle worker has ended");
            self.failures += 1;
        }
    }

    /// The job has no worker, and neither has the pool.
    fn refuse(&self, job: Job, error: ChildError) -> ChildError {
        self.counters.failed.fetch_add(1, Ordering::Relaxed);
        let refused = JobError::new(&job.name, Kind::NotStarted(error.to_string()));
        let _ = job.reply.send(Err(refused));
        error
    }

    /// Hires until it works out, or has not too often; `None` when the pool ends.
    async fn hire_again(&mut self) -> Result<Option<Hired>, ChildError> {
        let mut attempts = 0;
        loop {
            self.pause().await;
            let error = match self.hire().await {
                None => return Ok(None),
                Some(Ok(hired)) => return Ok(Some(hired)),
                Some(Err(error)) => error,
            };
            (attempts, self.failures) = (attempts + 1, self.failures + 1);
            if attempts == STARTS {
                return Err(error);
            }
            tracing::warn!(service = &*self.service, worker = self.number, %error, "a worker did not start");
        }
    }

    async fn hire(&self) -> Option<Result<Hired, ChildError>> {
        match Hired::spawn(&self.settings, &self.service, self.number, &self.counters) {
            Ok(hired) => hired.ready(self.settings.ready_within, &self.ending).await,
            Err(error) => Some(Err(error)),
        }
    }

    /// Waits the longer, the more workers in a row have come to nothing.
    async fn pause(&self) {
        let pause = self.failures.checked_sub(2).map(|doublings| {
            let factor = 2_u32.saturating_pow(doublings);
            PAUSE.saturating_mul(factor).min(LONGEST_PAUSE)
        });
        if let Some(pause) = pause {
            tokio::select! {
                () = self.ending.cancelled() => {}
                () = sleep(pause) => {}
            }
        }
    }
}

async fn dismiss(worker: &mut Option<Hired>) {
    if let Some(worker) = worker.take() {
        worker.dismiss().await;
    }
}

async fn lost(worker: &mut Option<Hired>) -> io::Error {
    match worker {
        Some(worker) => worker.lost().await,
        None => pending().await,
    }
}

async fn maybe(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}
