use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use mainspring_task::task::panic_message;
use mainspring_task::{Task, TaskError, task};
use tokio::time::Instant;

use super::job::{Job, Reply, Request, answer};
use super::{OnError, RunError};
use crate::{BoxError, Context, Result};

/// The runs of one schedule: those under way and those that wait.
pub(super) struct Runs<'a, D> {
    cx: &'a Context,
    under_way: FuturesUnordered<BoxFuture<'static, Ended>>,
    waiting: VecDeque<Request<D>>,
    /// After failures: when the next beat may come.
    not_before: Option<Instant>,
    /// That the run under way takes too long was said.
    told: bool,
}

/// A run that is over.
pub(super) struct Ended {
    outcome: Result,
    began: Instant,
    reply: Option<Reply>,
}

impl<'a, D> Runs<'a, D> {
    pub(super) fn new(cx: &'a Context) -> Self {
        let under_way = FuturesUnordered::new();
        Runs { cx, under_way, waiting: VecDeque::new(), not_before: None, told: false }
    }

    pub(super) fn none(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// The next run that ends; to be asked only when there is one.
    pub(super) async fn ended(&mut self) -> Ended {
        self.under_way.next().await.expect("asked only when a run is under way")
    }

    /// Starts a run, lets it wait or leaves it out, as the overlap policy says.
    pub(super) fn ask(&mut self, job: &mut Job<D>, request: Request<D>) {
        if self.under_way.len() < job.overlap.width() && self.waiting.is_empty() {
            self.start(job, request);
        } else if request.late || self.waiting.len() < job.overlap.depth() {
            self.waiting.push_back(request);
        } else {
            job.handle.board.lock().skipped += 1;
            if !std::mem::replace(&mut self.told, true) {
                tracing::warn!(
                    service = self.cx.service(),
                    "a run was left out: the one before is under way"
                );
            }
            answer(request.reply, Err(RunError::skipped()));
        }
        self.show(job);
    }

    /// Takes note of a run that is over, and starts those whose turn it is now.
    pub(super) fn account(&mut self, job: &mut Job<D>, ended: Ended) -> Result {
        let took = ended.began.elapsed();
        let failures = {
            let mut stats = job.handle.board.lock();
            stats.runs += 1;
            stats.last = Some(took);
            stats.total += took;
            stats.failures += u64::from(ended.outcome.is_err());
            let in_a_row = if ended.outcome.is_err() { stats.failures_in_a_row.saturating_add(1) } else { 0 };
            stats.failures_in_a_row = in_a_row;
            in_a_row
        };
        self.not_before = job.on_error.pause(failures).and_then(|pause| Instant::now().checked_add(pause));
        if let Err(error) = ended.outcome {
            tracing::error!(service = self.cx.service(), %error, "a run failed");
            if job.on_error == OnError::Fail {
                answer(ended.reply, Err(RunError::failed(error.to_string().into())));
                return Err(error);
            }
            answer(ended.reply, Err(RunError::failed(error)));
        } else {
            answer(ended.reply, Ok(()));
        }
        self.start_waiting(job);
        // The first run that ends belongs to the start of the service.
        self.cx.ready();
        Ok(())
    }

    /// Starts those whose turn has come, unless a failure holds them up.
    pub(super) fn start_waiting(&mut self, job: &mut Job<D>) {
        while self.held().is_none_or(|until| until <= Instant::now())
            && self.under_way.len() < job.overlap.width()
            && let Some(request) = self.waiting.pop_front()
        {
            self.start(job, request);
        }
        self.show(job);
    }

    /// Until when a failure holds up those that wait.
    pub(super) fn held(&self) -> Option<Instant> {
        self.not_before.filter(|_| !self.waiting.is_empty())
    }

    /// Ends those under way and forgets those that wait: the schedule has failed.
    pub(super) fn abandon(&mut self, job: &Job<D>) {
        self.under_way.clear();
        self.waiting.clear();
        self.show(job);
    }

    /// Forgets those that wait, and waits for those under way.
    pub(super) async fn finish(&mut self, job: &mut Job<D>) -> Result {
        self.waiting.clear();
        let mut outcome = Ok(());
        while !self.none() {
            let ended = self.ended().await;
            outcome = outcome.and(self.account(job, ended));
        }
        self.show(job);
        outcome
    }

    fn start(&mut self, job: &mut Job<D>, request: Request<D>) {
        self.told = false;
        let began = Instant::now();
        let Request { due, reply, .. } = request;
        let work = &mut job.work;
        let run = match catch_unwind(AssertUnwindSafe(|| work(due))) {
            Ok(run) => run,
            Err(payload) => Box::pin(async move { Err(said(&*payload)) }),
        };
        let builder = task::Builder::new().name(job.name.as_str()).place(job.place);
        let task = self.cx.work(builder, run);
        self.under_way.push(Box::pin(async move { Ended { outcome: outcome(task).await, began, reply } }));
    }

    fn show(&self, job: &Job<D>) {
        let mut stats = job.handle.board.lock();
        (stats.running, stats.queued) = (self.under_way.len(), self.waiting.len());
    }
}

async fn outcome(task: Task<Result>) -> Result {
    task.await.unwrap_or_else(|error: TaskError| Err(error.into()))
}

/// What a panic said.
fn said(payload: &(dyn Any + Send)) -> BoxError {
    format!("it panicked: {}", panic_message(payload)).into()
}
