use std::fmt;
use std::future::Future;

use super::{Context, Outcome, Service};
use crate::Result;

/// A closure as a service; made by [`service`].
pub struct Closure<F> {
    name: String,
    run: F,
}

/// Makes a service of a name and a closure; the closure's future is the service's `start`.
///
/// ```
/// use mainspring_service::{Context, Entrypoint, service};
///
/// let watcher = service("watcher", |cx: Context| async move {
///     cx.ready();
///     cx.stopping().wait().await;
/// });
/// Entrypoint::new("demo").service(watcher).run_until(async {}).unwrap();
/// ```
pub fn service<F, Fut>(name: impl Into<String>, run: F) -> Closure<F>
where
    F: FnMut(Context) -> Fut + Send + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    Closure { name: name.into(), run }
}

impl<F, Fut> Service for Closure<F>
where
    F: FnMut(Context) -> Fut + Send + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        (self.run)(cx.clone()).await.into_result()
    }
}

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure").field("name", &self.name).finish_non_exhaustive()
    }
}
