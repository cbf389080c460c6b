use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::TryAcquireError;

use super::queue_core::Core;
use super::queue_error::{QueueError, Rejected};
use super::store::{Fifo, Lifo, Priority, Store};

/// A queue that any number of tasks feed and work off.
///
/// [`tokio::sync::mpsc`] moves values to one receiver; this is for a crowd of workers that ends.
/// Bounded unless it is said otherwise: [`put`](Queue::put) waits for a place, [`get`](Queue::get)
/// for an item, each in the order of arrival. Every item counts as unfinished from the moment it
/// is put until somebody calls [`task_done`](Queue::task_done); [`join`](Queue::join) waits until
/// none is. A clone is another handle of the same queue.
///
/// Which item comes next is chosen once, by the constructor: the oldest ([`bounded`](Queue::bounded)),
/// the newest ([`bounded_lifo`](Queue::bounded_lifo)) or the least
/// ([`bounded_priority`](Queue::bounded_priority)).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::spawn;
/// use mainspring_task::sync::{Queue, Shutdown};
///
/// let queue = Queue::bounded(2);
/// let work = queue.clone();
/// let worker = spawn(async move {
///     let mut sum = 0;
///     while let Ok(number) = work.get().await {
///         sum += number;
///         work.task_done().unwrap();
///     }
///     sum
/// });
/// for number in 1..=10 {
///     queue.put(number).await.unwrap();
/// }
/// queue.join().await;
/// queue.shutdown(Shutdown::AfterDrain);
/// assert_eq!(worker.await.unwrap(), 55);
/// # }
/// ```
pub struct Queue<T> {
    core: Arc<Core<T>>,
}

/// What becomes of the items in a queue that is shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// They are dropped, and count as done.
    Immediate,
    /// They may still be taken; only then getters are told.
    AfterDrain,
}

/// Construction.
impl<T: Send + 'static> Queue<T> {
    /// A queue of at most `limit` items that gives the oldest first.
    ///
    /// # Panics
    ///
    /// When `limit` is zero, as in all bounded forms: nothing could ever be put.
    #[must_use]
    #[track_caller]
    pub fn bounded(limit: usize) -> Self {
        Queue::new(Some(limit), Box::new(Fifo::new()))
    }

    /// A queue without a limit that gives the oldest first. It grows as fast as it is fed.
    #[must_use]
    pub fn unbounded() -> Self {
        Queue::new(None, Box::new(Fifo::new()))
    }

    /// A queue of at most `limit` items that gives the newest first: a stack.
    ///
    /// ```
    /// let stack = mainspring_task::sync::Queue::bounded_lifo(2);
    /// stack.try_put('a').unwrap();
    /// stack.try_put('b').unwrap();
    /// assert_eq!(stack.try_get(), Ok('b'));
    /// ```
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    #[must_use]
    #[track_caller]
    pub fn bounded_lifo(limit: usize) -> Self {
        Queue::new(Some(limit), Box::new(Lifo::new()))
    }

    /// A queue without a limit that gives the newest first.
    #[must_use]
    pub fn unbounded_lifo() -> Self {
        Queue::new(None, Box::new(Lifo::new()))
    }

    /// A queue of at most `limit` items that gives the least first, and of equals the oldest.
    ///
    /// Wrap the items in [`Reverse`](std::cmp::Reverse) to get the greatest first.
    ///
    /// ```
    /// let queue = mainspring_task::sync::Queue::bounded_priority(2);
    /// queue.try_put((2, "later")).unwrap();
    /// queue.try_put((1, "soon")).unwrap();
    /// assert_eq!(queue.try_get(), Ok((1, "soon")));
    /// ```
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    #[must_use]
    #[track_caller]
    pub fn bounded_priority(limit: usize) -> Self
    where
        T: Ord,
    {
        Queue::new(Some(limit), Box::new(Priority::new()))
    }

    /// A queue without a limit that gives the least first, and of equals the oldest.
    #[must_use]
    pub fn unbounded_priority() -> Self
    where
        T: Ord,
    {
        Queue::new(None, Box::new(Priority::new()))
    }

    #[track_caller]
    fn new(limit: Option<usize>, store: Box<dyn Store<T>>) -> Self {
        assert!(limit != Some(0), "a bounded queue needs one place at least, not zero");
        Queue { core: Arc::new(Core::new(limit, store)) }
    }
}

/// Items.
impl<T> Queue<T> {
    /// Puts an item, as soon as there is a place and those who came before have put theirs.
    ///
    /// # Errors
    ///
    /// [`is_shut_down`](QueueError::is_shut_down), with the item, when the queue is shut down
    /// before there was a place.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped before it is ready nothing has been put, and the item is dropped
    /// with it. To keep the item, wait in another way and use [`try_put`](Queue::try_put).
    pub async fn put(&self, item: T) -> Result<(), Rejected<T>> {
        if let Some(places) = &self.core.places {
            match places.free.acquire().await {
                Ok(place) => place.forget(),
                Err(_) => return Err(Rejected::new(item, QueueError::SHUT_DOWN)),
            }
        }
        self.core.insert(item)
    }

    /// Puts an item if there is a place now that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`is_full`](QueueError::is_full) or [`is_shut_down`](QueueError::is_shut_down), with the item.
    pub fn try_put(&self, item: T) -> Result<(), Rejected<T>> {
        if let Some(places) = &self.core.places {
            match places.free.try_acquire() {
                Ok(place) => place.forget(),
                Err(TryAcquireError::NoPermits) => {
                    return Err(Rejected::new(item, QueueError::full(places.limit)));
                }
                Err(TryAcquireError::Closed) => return Err(Rejected::new(item, QueueError::SHUT_DOWN)),
            }
        }
        self.core.insert(item)
    }

    /// Takes the next item, as soon as there is one and those who came before have theirs.
    ///
    /// # Errors
    ///
    /// [`is_shut_down`](QueueError::is_shut_down) when the queue is shut down and has nothing left.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped before it is ready no item has been taken, and its turn goes to
    /// the next who waits.
    pub async fn get(&self) -> Result<T, QueueError> {
        if let Ok(item) = self.core.items.acquire().await {
            item.forget();
        }
        self.core.take()
    }

    /// Takes the next item if there is one now that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`is_empty`](QueueError::is_empty), or [`is_shut_down`](QueueError::is_shut_down) when the
    /// queue is shut down and has nothing left.
    pub fn try_get(&self) -> Result<T, QueueError> {
        match self.core.items.try_acquire() {
            Ok(item) => item.forget(),
            Err(TryAcquireError::NoPermits) => return Err(QueueError::EMPTY),
            Err(TryAcquireError::Closed) => {}
        }
        self.core.take()
    }
}

/// The end of the work, and of the queue.
impl<T> Queue<T> {
    /// Reports one item that was taken as done.
    ///
    /// # Errors
    ///
    /// [`is_nothing_unfinished`](QueueError::is_nothing_unfinished) when it is called more often
    /// than items were put.
    pub fn task_done(&self) -> Result<(), QueueError> {
        let mut state = self.core.lock();
        if state.unfinished == 0 {
            return Err(QueueError::NOTHING_UNFINISHED);
        }
        state.done(1);
        drop(state);
        self.core.finished.notify_waiters();
        Ok(())
    }

    /// Waits until every item that was put has been reported done; at once when that is so now.
    ///
    /// Who waits is let go by the moment in which nothing is unfinished, even when more is put
    /// right after it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is consumed.
    pub async fn join(&self) {
        let mut finishes = None;
        loop {
            // Enrolled before the look, so that a moment between the two is not missed.
            let mut finished = pin!(self.core.finished.notified());
            finished.as_mut().enable();
            {
                let state = self.core.lock();
                if state.unfinished == 0 || *finishes.get_or_insert(state.finishes) != state.finishes {
                    return;
                }
            }
            finished.await;
        }
    }

    /// Ends the queue: who puts, now or later, is told so; what lies in the queue is dropped or
    /// may still be taken; then who gets is told too.
    ///
    /// An item that was taken and not reported done stays unfinished. May be called again, to drop
    /// what [`AfterDrain`](Shutdown::AfterDrain) left.
    pub fn shutdown(&self, how: Shutdown) {
        let dropped = self.core.close(how);
        if let Some(places) = &self.core.places {
            places.free.close();
        }
        self.core.items.close();
        drop(dropped);
    }

    /// True once [`shutdown`](Queue::shutdown) was called, even if items are left.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.core.lock().shut_down
    }

    /// How many items lie in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core.lock().store.len()
    }

    /// True when no item lies in the queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items may lie in the queue; `None` when there is no limit.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.core.places.as_ref().map(|places| places.limit)
    }

    /// How many items were put and not yet reported done.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.core.lock().unfinished
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue { core: Arc::clone(&self.core) }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.core.lock();
        f.debug_struct("Queue")
            .field("len", &state.store.len())
            .field("limit", &self.core.places.as_ref().map(|places| places.limit))
            .field("unfinished", &state.unfinished)
            .field("shut_down", &state.shut_down)
            .finish()
    }
}
