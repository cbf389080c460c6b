use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::item::Held;

/// A borrowed item; dropping it gives the item back.
///
/// Dropped by a thread that panics, the item is destroyed instead: nobody knows in what state the
/// panic left it.
pub struct Guard<T: Send + 'static> {
    /// Empty only during the drop.
    held: Option<Held<T>>,
}

impl<T: Send + 'static> Guard<T> {
    pub(super) fn new(held: Held<T>) -> Self {
        Guard { held: Some(held) }
    }

    /// Destroys the item instead of giving it back: for a connection that is known to be broken.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_service::pool::Pool;
    ///
    /// let pool = Pool::builder(|| async { Ok::<_, std::io::Error>(7) }).build();
    /// pool.acquire().await.unwrap().discard();
    /// assert_eq!(pool.stats().alive, 0);
    /// # }
    /// ```
    pub fn discard(mut self) {
        drop(self.held.take());
    }
}

impl<T: Send + 'static> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let item = self.held.as_ref().and_then(|held| held.item.as_ref());
        &item.expect("an item is held until its guard is dropped").value
    }
}

impl<T: Send + 'static> DerefMut for Guard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("an item is held until its guard is dropped").value()
    }
}

impl<T: Send + 'static> Drop for Guard<T> {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        if !std::thread::panicking() {
            let core = Arc::clone(&held.core);
            core.give_back(held);
        }
    }
}

impl<T: fmt::Debug + Send + 'static> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&**self).finish()
    }
}
