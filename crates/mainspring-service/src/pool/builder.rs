use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Pool;
use super::core::Core;
use super::hooks::{Hooks, Limits};

/// A pool to be: how its items are made and ended, and its bounds.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_service::pool::Pool;
/// use tokio::net::{TcpListener, TcpStream};
/// use tokio::io::AsyncWriteExt;
///
/// let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
/// let address = server.local_addr().unwrap();
/// let pool = Pool::builder(move || TcpStream::connect(address))
///     .name("upstream")
///     .check(|stream| Box::pin(async move { stream.write_all(b"ping\n").await.is_ok() }))
///     .destroy(|mut stream| async move { drop(stream.shutdown().await) })
///     .max(20)
///     .idle(Duration::from_secs(60))
///     .build();
/// assert!(pool.acquire().await.unwrap().peer_addr().is_ok());
/// # }
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<T> {
    name: Arc<str>,
    hooks: Hooks<T>,
    limits: Limits,
}

impl<T: Send + 'static> Builder<T> {
    pub(super) fn new(hooks: Hooks<T>) -> Self {
        let limits = Limits {
            min: 0,
            max: 10,
            idle: Some(Duration::from_secs(600)),
            max_age: None,
            acquire: Duration::from_secs(30),
            destroy: Duration::from_secs(10),
            close: Duration::from_secs(10),
        };
        Builder { name: "pool".into(), hooks, limits }
    }

    /// The name in errors, logs and lists. Default: `pool`.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Looks at an item before it is handed out again; one that is not fit is destroyed.
    ///
    /// Default: none.
    pub fn check<F>(mut self, check: F) -> Self
    where
        F: for<'a> Fn(&'a mut T) -> BoxFuture<'a, bool> + Send + Sync + 'static,
    {
        self.hooks.check = Some(Box::new(check));
        self
    }

    /// Ends an item. Default: it is dropped.
    pub fn destroy<F, Fut>(mut self, destroy: F) -> Self
    where
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.hooks.destroy = Some(Box::new(move |item| Box::pin(destroy(item))));
        self
    }

    /// How many items are kept alive. Default: 0. No more than `max` counts.
    pub fn min(mut self, items: usize) -> Self {
        self.limits.min = items;
        self
    }

    /// How many items there may be. Default: 10. At least one.
    pub fn max(mut self, items: usize) -> Self {
        self.limits.max = items.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// How long an item may be idle, while there are more than `min`. Default: 10 minutes.
    pub fn idle(mut self, limit: Duration) -> Self {
        self.limits.idle = Some(limit);
        self
    }

    /// How old an item may get. It is destroyed when it is idle then, or comes back. Default: any
    /// age. Each item lives up to a tenth less, so that they do not all die at once.
    pub fn max_age(mut self, limit: Duration) -> Self {
        self.limits.max_age = Some(limit);
        self
    }

    /// How long an acquire may take in all: waiting, checking and making. Default: 30 s. The making
    /// of an item that nobody waits for is given as long.
    pub fn acquire_timeout(mut self, limit: Duration) -> Self {
        self.limits.acquire = limit;
        self
    }

    /// How long it may take to destroy an item; then it is dropped. Default: 10 s.
    pub fn destroy_timeout(mut self, limit: Duration) -> Self {
        self.limits.destroy = limit;
        self
    }

    /// How long a pool that is run as a service waits for borrowed items at its end. Default: 10 s.
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.limits.close = limit;
        self
    }

    /// Makes the pool. Nothing is created until it is first used.
    #[must_use]
    pub fn build(mut self) -> Pool<T> {
        self.limits.min = self.limits.min.min(self.limits.max);
        Pool::new(Core::new(self.name, self.hooks, self.limits))
    }
}

impl<T> fmt::Debug for Builder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
