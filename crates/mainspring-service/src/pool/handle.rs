use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mainspring_task::time::{timeout, timeout_hard};

use super::core::Core;
use super::hooks::Hooks;
use super::tend::{fill, tend};
use super::{AcquireError, Builder, Guard, Stats, Unreturned};
use crate::{BoxError, Context, Result, Service};

/// A bounded number of items that are made when needed and used again and again.
///
/// A clone is another handle of the same pool. See the [module](super) for how it works.
pub struct Pool<T: Send + 'static> {
    owner: Arc<Owner<T>>,
}

/// Dropped with the last handle. Guards and the pool's task hold the core only.
struct Owner<T: Send + 'static> {
    core: Arc<Core<T>>,
}

impl<T: Send + 'static> Drop for Owner<T> {
    fn drop(&mut self) {
        self.core.shut();
    }
}

impl<T: Send + 'static> Pool<T> {
    /// A pool whose items are made by `create`.
    pub fn builder<F, Fut, E>(create: F) -> Builder<T>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Builder::new(Hooks::new(create))
    }

    pub(super) fn new(core: Arc<Core<T>>) -> Self {
        Pool { owner: Arc::new(Owner { core }) }
    }

    /// Borrows an item.
    ///
    /// # Errors
    ///
    /// When none was there within the acquire time-out, when one could not be made, and when the
    /// pool is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses the place in the line, and nothing else: an item that was under way goes
    /// to the next, one whose check was cut off is destroyed.
    pub async fn acquire(&self) -> Result<Guard<T>, AcquireError> {
        let core = self.core();
        tend(core);
        let limit = core.limits.acquire;
        match timeout(limit, core.hold()).await {
            Ok(held) => {
                let held = held?;
                core.lock().tally.acquired += 1;
                Ok(Guard::new(held))
            }
            Err(_) => {
                core.lock().tally.timeouts += 1;
                Err(core.too_late(limit))
            }
        }
    }

    /// Makes items until there are `min`, and returns how many it made.
    ///
    /// # Errors
    ///
    /// When one could not be made, or not within the acquire time-out; those made before stay. When the
    /// pool is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives up the item that is being made.
    pub async fn fill(&self) -> Result<usize, AcquireError> {
        let core = self.core();
        if core.lock().closed {
            return Err(AcquireError::closed(&core.name));
        }
        tend(core);
        fill(core).await
    }

    /// Refuses new borrowers, destroys what is idle and waits until all items are gone.
    ///
    /// # Errors
    ///
    /// When items are still alive at the end of the time given; they are destroyed when they come
    /// back.
    ///
    /// # Cancel safety
    ///
    /// The pool is closed by the first poll; dropping it only ends the wait.
    pub async fn close(&self, within: Duration) -> Result<(), Unreturned> {
        let core = self.core();
        core.shut();
        timeout_hard(within, core.census.none_alive())
            .await
            .map_err(|_| Unreturned { pool: Arc::clone(&core.name), items: core.census.alive() })
    }

    /// What the pool has now and has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core().name
    }

    fn core(&self) -> &Arc<Core<T>> {
        &self.owner.core
    }
}

impl<T: Send + 'static> Service for Pool<T> {
    fn name(&self) -> String {
        Pool::name(self).to_owned()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        self.fill().await?;
        cx.ready();
        cx.stopping().wait().await;
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        Ok(self.close(self.core().limits.close).await?)
    }
}

impl<T: Send + 'static> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Pool { owner: Arc::clone(&self.owner) }
    }
}

impl<T: Send + 'static> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("name", &self.name()).field("stats", &self.stats()).finish()
    }
}
