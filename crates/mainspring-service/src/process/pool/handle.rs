use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mainspring_task::blocking::Full;
use mainspring_task::cancel::catch_cancel;
use mainspring_task::sync::{Queue, Shutdown};
use mainspring_task::{Task, task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::builder::Settings;
use super::frame;
use super::hired::Job;
use super::job_error::Kind;
use super::seat::Seat;
use super::serve::is_passed;
use super::stats::Counters;
use super::{JobError, WorkerPoolBuilder, WorkerStats};
use crate::process::ChildError;
use crate::{BoxError, Context, Result, Service};

/// Processes that run jobs: this same program, executed again.
///
/// A service, and a handle that is cheap to clone: give one clone to the entrypoint, keep another to
/// [`run`](WorkerPool::run) jobs with. Jobs that come before the start wait for it. While the
/// process drains the pool goes on, as what is under way may need it; in `stop` it takes no more
/// jobs, those in the queue end with [`is_stopped`](JobError::is_stopped), and those that run are
/// cancelled.
///
/// Each worker runs one job at a time; the queue is first come, first served. A worker that dies is
/// replaced at once, the next one in a row after a pause that doubles up to 5 s; when five in a row
/// do not even start, the service fails. [`worker`](super::worker) is the other side, with an
/// example of both.
///
/// The other way to leave the runtime's threads is [`threaded`](mainspring_task::threaded): it costs
/// microseconds and shares memory, but a thread can neither be killed nor crash alone.
pub struct WorkerPool {
    shared: Arc<Shared>,
    /// Of the clone that runs as a service; the workers end with it.
    crew: Option<Crew>,
}

struct Shared {
    settings: Arc<Settings>,
    /// Replaced at a start after a stop, as a queue that is shut down stays so. Locked to clone it.
    queue: Mutex<Queue<Job>>,
    counters: Arc<Counters>,
    last_id: AtomicU64,
}

/// The seats of a pool that runs.
struct Crew {
    ending: CancellationToken,
    queue: Queue<Job>,
    seats: Vec<Task<()>>,
}

impl WorkerPool {
    /// A pool of so many workers, at least one, with the defaults of [`WorkerPoolBuilder`].
    #[must_use]
    pub fn new(workers: usize) -> Self {
        WorkerPool::builder(workers).build()
    }

    /// A pool of so many workers, at least one, that is still to be configured.
    pub fn builder(workers: usize) -> WorkerPoolBuilder {
        WorkerPoolBuilder::new(workers)
    }

    pub(super) fn with(settings: Settings) -> Self {
        let queue = Mutex::new(Queue::bounded(settings.queue));
        let (settings, counters, last_id) = (Arc::new(settings), Arc::default(), AtomicU64::new(0));
        WorkerPool { shared: Arc::new(Shared { settings, queue, counters, last_id }), crew: None }
    }

    /// The name of the pool.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.settings.name
    }

    /// What it has done, and does now.
    #[must_use]
    pub fn stats(&self) -> WorkerStats {
        self.shared.counters.read(self.shared.queue().len())
    }

    /// Runs a job in a worker, and gives its value.
    ///
    /// The arguments are encoded at once, so the future borrows nothing. When the queue is full it
    /// waits for a place, unless the pool [refuses](WorkerPoolBuilder::when_full).
    ///
    /// # Errors
    ///
    /// When the job returned an error ([`is_failed`](JobError::is_failed)) or panicked
    /// ([`is_panic`](JobError::is_panic)); when its worker died ([`is_lost`](JobError::is_lost)) or
    /// none started ([`is_not_started`](JobError::is_not_started)); when the job is unknown
    /// ([`is_unknown`](JobError::is_unknown)), or arguments or value cannot be passed on
    /// ([`is_encoding`](JobError::is_encoding), [`is_too_large`](JobError::is_too_large)); when the
    /// queue is full ([`is_full`](JobError::is_full)) or the pool has stopped
    /// ([`is_stopped`](JobError::is_stopped)).
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the job: one in the queue is not begun, and in one that runs
    /// [`is_cancelled`](super::is_cancelled) becomes true; if that does not end it within the grace,
    /// its worker is killed and replaced.
    pub fn run<A, T>(&self, job: &str, arguments: &A) -> impl Future<Output = Result<T, JobError>> + use<A, T>
    where
        A: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        let shared = Arc::clone(&self.shared);
        let id = 1 + shared.last_id.fetch_add(1, Ordering::Relaxed);
        let frame = frame::run(id, job, arguments, shared.settings.max_frame);
        let name = job.to_owned();
        async move {
            let (reply, answer) = oneshot::channel();
            let frame = frame.map_err(|kind| JobError::new(&name, kind))?;
            shared.put(Job { id, name: name.clone(), frame, again: false, reply }).await?;
            match answer.await {
                Ok(answer) => frame::read(&answer?).map_err(|why| JobError::new(&name, Kind::Value(why))),
                Err(_) => Err(JobError::new(&name, Kind::Stopped)),
            }
        }
    }

    /// Seats the workers; `news` says of each whether it has come.
    fn seat(&mut self, cx: &Context) -> mpsc::Receiver<Result<(), ChildError>> {
        let shared = &*self.shared;
        let (service, ending, queue): (Arc<str>, _, _) =
            (cx.service().into(), CancellationToken::new(), shared.open());
        let (tell, news) = mpsc::channel(shared.settings.workers);
        let seat = |number| Seat {
            settings: Arc::clone(&shared.settings),
            service: Arc::clone(&service),
            number,
            queue: queue.clone(),
            counters: Arc::clone(&shared.counters),
            ending: ending.clone(),
            news: tell.clone(),
            failures: 0,
        };
        let spawn = |number| {
            let builder = task::Builder::new().name(format!("{} seat {number}", shared.settings.name));
            builder.service(Arc::clone(&service)).spawn(seat(number).work())
        };
        let seats = (1..=shared.settings.workers).map(spawn).collect();
        self.crew = Some(Crew { ending, queue, seats });
        news
    }

    async fn dismiss(&mut self) {
        if let Some(crew) = self.crew.take() {
            crew.dismiss().await;
        }
    }
}

impl Shared {
    fn queue(&self) -> Queue<Job> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The queue, or a new one when it was shut down.
    fn open(&self) -> Queue<Job> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_shut_down() {
            *queue = Queue::bounded(self.settings.queue);
        }
        queue.clone()
    }

    async fn put(&self, job: Job) -> Result<(), JobError> {
        let queue = self.queue();
        let put = match self.settings.when_full {
            Full::Refuse => queue.try_put(job),
            Full::Wait => queue.put(job).await,
        };
        put.map_err(|rejected| {
            let full = rejected.error().is_full();
            let kind = if full { Kind::Full { limit: self.settings.queue } } else { Kind::Stopped };
            JobError::new(&rejected.into_item().name, kind)
        })
    }
}

impl Crew {
    /// Ends the seats; each cancels its job and is bounded by the grace for that.
    async fn dismiss(mut self) {
        self.ending.cancel();
        self.queue.shutdown(Shutdown::Immediate);
        for seat in &mut self.seats {
            // A seat that panicked has been reported.
            let _ = seat.await;
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.queue.shutdown(Shutdown::Immediate);
        for seat in &self.seats {
            seat.abort();
        }
    }
}

impl Service for WorkerPool {
    fn name(&self) -> String {
        self.shared.settings.name.to_string()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        if !is_passed() {
            // Without it the copies would start pools of their own, and so on.
            return Err(ChildError::no_worker().into());
        }
        self.dismiss().await;
        let mut news = self.seat(cx);
        let expected = if self.shared.settings.lazy { 0 } else { self.shared.settings.workers };
        let seated = catch_cancel(async {
            for _ in 0..expected {
                news.recv().await.unwrap_or(Ok(()))?;
            }
            Ok(())
        });
        // Whoever is cut off here is not stopped, so it ends the workers itself.
        let seated: Result<Result<(), ChildError>, _> = seated.await;
        if !matches!(seated, Ok(Ok(()))) {
            self.dismiss().await;
            return seated.unwrap_or(Ok(())).map_err(BoxError::from);
        }
        cx.ready();
        let failed = news.recv().await;
        self.dismiss().await;
        failed.unwrap_or(Ok(())).map_err(BoxError::from)
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.dismiss().await;
        Ok(())
    }
}

impl Clone for WorkerPool {
    fn clone(&self) -> Self {
        WorkerPool { shared: Arc::clone(&self.shared), crew: None }
    }
}

impl fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerPool")
            .field("name", &self.name())
            .field("workers", &self.shared.settings.workers)
            .field("stats", &self.stats())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::WorkerPool;
    use crate::Entrypoint;

    #[tokio::test]
    async fn a_program_that_would_not_be_its_own_worker_is_not_copied() {
        let pool = WorkerPool::new(1);
        let error = Entrypoint::new("test").service(pool.clone()).start().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "service `workers` did not start: this program cannot be its own worker: \
             call `process::worker` first thing in `main`"
        );
        assert_eq!(pool.stats().started, 0);
    }
}
