use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// A value that several tasks read and change, and can wait for.
///
/// A clone is another handle of the same value. Reading takes a lock for the time of a clone of
/// the value; nothing here is held across an await. Built on [`tokio::sync::watch`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::Shared;
///
/// let rate = Shared::new(42);
/// let other = rate.clone();
/// other.set(43);
/// assert_eq!(rate.get(), 43);
/// rate.update(|rate| *rate += 1);
/// assert_eq!(other.get(), 44);
/// # }
/// ```
pub struct Shared<T> {
    cell: Arc<watch::Sender<T>>,
}

impl<T> Shared<T> {
    /// A shared value.
    pub fn new(value: T) -> Self {
        Shared { cell: Arc::new(watch::Sender::new(value)) }
    }

    /// A copy of the value.
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.cell.borrow().clone()
    }

    /// Puts another value in its place and wakes those who wait for a change.
    pub fn set(&self, value: T) {
        self.cell.send_replace(value);
    }

    /// Changes the value in place and wakes those who wait for a change.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        self.cell.send_modify(change);
    }

    /// Waits until the value satisfies `accept`, and gives a copy of it; at once when it does now.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is consumed.
    pub async fn until(&self, mut accept: impl FnMut(&T) -> bool) -> T
    where
        T: Clone,
    {
        let mut receiver = self.cell.subscribe();
        let found = receiver.wait_for(|value| accept(value)).await;
        found.expect("the sender lives in self").clone()
    }

    /// Waits for the next change and gives a copy of the value after it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is consumed. A change that happens between two calls is not seen.
    pub async fn changed(&self) -> T
    where
        T: Clone,
    {
        let mut receiver = self.cell.subscribe();
        receiver.changed().await.expect("the sender lives in self");
        receiver.borrow().clone()
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared { cell: Arc::clone(&self.cell) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&*self.cell.borrow()).finish()
    }
}
