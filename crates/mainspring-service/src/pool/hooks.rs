use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::{BoxError, Result};

type Create<T> = dyn Fn() -> BoxFuture<'static, Result<T>> + Send + Sync;
type Check<T> = dyn for<'a> Fn(&'a mut T) -> BoxFuture<'a, bool> + Send + Sync;
type Destroy<T> = dyn Fn(T) -> BoxFuture<'static, ()> + Send + Sync;

/// What the user gave: how items are made, checked and destroyed.
pub(super) struct Hooks<T> {
    pub(super) create: Box<Create<T>>,
    pub(super) check: Option<Box<Check<T>>>,
    pub(super) destroy: Option<Box<Destroy<T>>>,
}

impl<T: Send + 'static> Hooks<T> {
    pub(super) fn new<F, Fut, E>(create: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = std::result::Result<T, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let create = move || -> BoxFuture<'static, Result<T>> {
            let made = create();
            Box::pin(async move { made.await.map_err(Into::into) })
        };
        Hooks { create: Box::new(create), check: None, destroy: None }
    }
}

/// The numbers the user gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) idle: Option<Duration>,
    pub(super) max_age: Option<Duration>,
    pub(super) acquire: Duration,
    pub(super) destroy: Duration,
    pub(super) close: Duration,
}
