use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::builder::Launch;
use super::feed::{Feed, Source};
use super::{Job, PoolError};

/// The items of an iterator that blocks, as a stream; made by [`threaded_iter`](super::threaded_iter).
///
/// The iterator is advanced ahead of the reader, by as many items as the
/// [buffer](super::Builder::buffer) holds. Each advance of a full buffer is one job of the pool,
/// so streams and jobs take turns on its threads and cannot starve each other.
///
/// Each item is a `Result`. A panic in the iterator, or a pool that refuses or is shut down, comes
/// as an error after the items that were ready, and then the stream ends.
///
/// When the stream is dropped, the iterator is not advanced past the item it is at, and is dropped
/// on a thread of the pool, never on that of the reader; [`is_cancelled`](super::is_cancelled) is
/// true inside.
///
/// # Cancel safety
///
/// [`next`](Items::next) is cancel safe: an item stays in the buffer until it is given.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking;
///
/// let mut lines = blocking::Builder::new().name("lines").buffer(2).iter(|| vec!["one", "two"]);
/// assert_eq!(lines.next().await.unwrap().unwrap(), "one");
/// assert_eq!(lines.next().await.unwrap().unwrap(), "two");
/// assert!(lines.next().await.is_none());
/// # }
/// ```
#[must_use = "the iterator does not start until the stream is polled"]
pub struct Items<T> {
    feed: Arc<dyn Feed<T>>,
    /// The advance under way.
    job: Option<Job<()>>,
    launch: Launch,
}

impl<T: Send + 'static> Items<T> {
    pub(super) fn new<I>(launch: Launch, make: impl FnOnce() -> I + Send + 'static, buffer: usize) -> Self
    where
        I: IntoIterator<Item = T> + 'static,
        I::IntoIter: Send,
    {
        Items { feed: Source::new(|| make().into_iter(), buffer), job: None, launch }
    }

    /// The next item; `None` at the end and ever after.
    pub async fn next(&mut self) -> Option<Result<T, PoolError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn start(&mut self) {
        let feed = Arc::clone(&self.feed);
        self.job = Some(self.launch.start(move || feed.burst()));
    }

    /// Polls the advance under way; true when it is over.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(job) = &mut self.job else { return false };
        let Poll::Ready(outcome) = Pin::new(job).poll(cx) else { return false };
        self.job = None;
        if let Err(error) = outcome {
            self.end(Some(error));
        }
        true
    }
}

impl<T> Items<T> {
    fn end(&self, error: Option<PoolError>) {
        if let Some(tidy) = self.feed.end(error) {
            self.launch.force(tidy);
        }
    }
}

impl<T: Send + 'static> Stream for Items<T> {
    type Item = Result<T, PoolError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let turn = ready!(tokio::task::coop::poll_proceed(cx));
        loop {
            let popped = this.feed.pop(cx.waker());
            let mut over = false;
            if popped.hungry {
                this.start();
                // Polled at once: if the pool is full, this is what makes it line up.
                over = this.drive(cx);
            }
            // The end is given when the last job is gone from the registry and from the figures.
            if popped.item.is_some() || (popped.ended && this.job.is_none()) {
                turn.made_progress();
                return Poll::Ready(popped.item);
            }
            if !over && !this.drive(cx) {
                return Poll::Pending;
            }
        }
    }
}

impl<T> Drop for Items<T> {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items(`{}` in `{}`)", self.launch.name, self.launch.pool.name())
    }
}
