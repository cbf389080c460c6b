use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::core::Offer;
use super::entry::Entry;
use super::work::{Work, throw_away};
use super::{Pool, PoolError};
use crate::inspect::TaskRef;

/// A closure on its way through a pool, and the future of its value.
///
/// If there is a place, it is queued when it is made, and runs whether it is polled or not. If
/// there is none, it lines up when it is first polled; from then on it moves by itself.
///
/// # Cancel safety
///
/// Awaiting `&mut job` is cancel safe. Dropping the job itself before it has started takes it out
/// of the queue, and the closure never runs. After that the closure runs on, its value is thrown
/// away, and [`is_cancelled`](super::is_cancelled) is true inside. To let a job run unawaited,
/// await it in a task of its own.
///
/// # Panics
///
/// Polling it again after it has given its outcome panics.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let job = mainspring_task::threaded(|| std::fs::read("/no/such/file").is_err());
/// assert_eq!(&*job.reference().name(), "threaded");
/// assert!(job.await.unwrap());
/// # }
/// ```
#[must_use = "dropping a job takes it out of the queue: await it"]
pub struct Job<T> {
    pool: Pool,
    place: Place,
    reply: oneshot::Receiver<Result<T, PoolError>>,
    entry: Arc<Entry>,
}

enum Place {
    Outside(Box<dyn Work>),
    Inside(u64),
    Refused(PoolError),
    Over,
}

impl<T> Job<T> {
    /// Offers the work to the pool.
    pub(super) fn new(
        pool: &Pool,
        work: Box<dyn Work>,
        reply: oneshot::Receiver<Result<T, PoolError>>,
    ) -> Self {
        let entry = Arc::clone(work.entry());
        let place = match pool.core().offer(work) {
            Offer::Taken(number) => Place::Inside(number),
            Offer::Full(work) => Place::Outside(work),
            Offer::Refused(error) => Place::Refused(error),
        };
        Job { pool: pool.clone(), place, reply, entry }
    }

    /// Waits until the job has a place in the queue; at once when it has one, runs or is over.
    ///
    /// This is how a loop that starts many jobs and collects them later is held back by the pool.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the job keeps its turn.
    pub async fn queued(&mut self) {
        poll_fn(|cx| match self.line_up() {
            Some(number) if self.pool.core().still_waits(number, cx.waker()) => Poll::Pending,
            _ => Poll::Ready(()),
        })
        .await;
    }

    /// The job's entry in the registry. Cancelling it keeps the closure from being started.
    #[must_use]
    pub fn reference(&self) -> TaskRef {
        self.entry.reference()
    }

    /// The job's number in the line, once it stands there.
    fn line_up(&mut self) -> Option<u64> {
        self.place = match std::mem::replace(&mut self.place, Place::Over) {
            Place::Outside(work) => match self.pool.core().line_up(work) {
                Ok(number) => Place::Inside(number),
                Err(error) => Place::Refused(error),
            },
            other => other,
        };
        if let Place::Inside(number) = self.place { Some(number) } else { None }
    }
}

impl<T> Future for Job<T> {
    type Output = Result<T, PoolError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.line_up().is_none() {
            return match std::mem::replace(&mut this.place, Place::Over) {
                Place::Refused(error) => Poll::Ready(Err(error)),
                _ => panic!("a job was polled after it had given its outcome"),
            };
        }
        let reply = ready!(Pin::new(&mut this.reply).poll(cx));
        this.place = Place::Over;
        Poll::Ready(reply.unwrap_or_else(|_| Err(this.pool.core().why_dropped())))
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        let Place::Inside(number) = self.place else { return };
        self.pool.core().forget(number);
        self.reply.close();
        if let Ok(unseen) = self.reply.try_recv() {
            throw_away(unseen);
        }
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({:?} in `{}`)", self.reference(), self.pool.name())
    }
}
