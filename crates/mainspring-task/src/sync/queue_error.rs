use std::fmt;

/// Why nothing could be done with a queue: it is shut down, empty or full, or all items are done.
///
/// ```
/// let queue = mainspring_task::sync::Queue::<u8>::bounded(1);
/// assert!(queue.try_get().unwrap_err().is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueError {
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ShutDown,
    Empty,
    Full { limit: usize },
    NothingUnfinished,
}

impl QueueError {
    pub(super) const SHUT_DOWN: Self = QueueError { kind: Kind::ShutDown };
    pub(super) const EMPTY: Self = QueueError { kind: Kind::Empty };
    pub(super) const NOTHING_UNFINISHED: Self = QueueError { kind: Kind::NothingUnfinished };

    pub(super) const fn full(limit: usize) -> Self {
        QueueError { kind: Kind::Full { limit } }
    }

    /// True when the queue was shut down, and nothing is left that may still be taken.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.kind == Kind::ShutDown
    }

    /// True when there is no item to take now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kind == Kind::Empty
    }

    /// True when there is no place for another item now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.kind, Kind::Full { .. })
    }

    /// True when more items were reported done than had been put.
    #[must_use]
    pub fn is_nothing_unfinished(&self) -> bool {
        self.kind == Kind::NothingUnfinished
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::ShutDown => f.write_str("the queue was shut down"),
            Kind::Empty => f.write_str("the queue is empty"),
            Kind::Full { limit } => write!(f, "the queue is full: it holds {limit} items"),
            Kind::NothingUnfinished => {
                f.write_str("an item was reported done, but all that were put had been already")
            }
        }
    }
}

impl std::error::Error for QueueError {}

/// An item that a queue did not take, and why.
///
/// ```
/// use mainspring_task::sync::Queue;
///
/// let queue = Queue::bounded(1);
/// queue.try_put("first").unwrap();
/// let rejected = queue.try_put("second").unwrap_err();
/// assert!(rejected.error().is_full());
/// assert_eq!(rejected.into_item(), "second");
/// ```
pub struct Rejected<T> {
    item: T,
    error: QueueError,
}

impl<T> Rejected<T> {
    pub(super) fn new(item: T, error: QueueError) -> Self {
        Rejected { item, error }
    }

    /// Why the queue did not take it.
    #[must_use]
    pub fn error(&self) -> QueueError {
        self.error
    }

    /// The item, given back.
    #[must_use]
    pub fn into_item(self) -> T {
        self.item
    }
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> fmt::Debug for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejected({})", self.error)
    }
}

impl<T> std::error::Error for Rejected<T> {}
