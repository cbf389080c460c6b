use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::carried::carried;
use super::entry::Enrolled;
use super::work::Call;
use super::{Items, Job, Pool};

/// Runs a closure that blocks on the pool for that, [`Pool::io`].
///
/// It is queued at the call, like a task that is spawned. The [`Job`] is the future of its value;
/// dropping it before the closure has started keeps it from ever running.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::threaded;
///
/// let length = threaded(|| std::fs::read("/dev/null").map(|bytes| bytes.len())).await.unwrap();
/// assert_eq!(length.unwrap(), 0);
/// # }
/// ```
#[track_caller]
pub fn threaded<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Job<T> {
    Builder::new().run(f)
}

/// [`threaded`], in a pool of your choice.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::{Pool, run_in};
///
/// assert_eq!(run_in(Pool::cpu(), || 6 * 7).await.unwrap(), 42);
/// # }
/// ```
#[track_caller]
pub fn run_in<T: Send + 'static>(pool: &Pool, f: impl FnOnce() -> T + Send + 'static) -> Job<T> {
    Builder::new().on(pool).run(f)
}

/// Runs an iterator that blocks on a pool, and gives its items as a stream.
///
/// Nothing happens until the stream is first polled; then `make` is called on a thread of
/// [`Pool::io`], and the iterator is advanced there until 16 items lie ready. It gives the thread
/// back then and goes on when half of them are taken, so an open stream that nobody reads holds no
/// thread. See [`Items`] for errors and for the end.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::threaded_iter;
///
/// let mut squares = threaded_iter(|| (1..=3).map(|n| n * n));
/// let mut sum = 0;
/// while let Some(square) = squares.next().await {
///     sum += square.unwrap();
/// }
/// assert_eq!(sum, 14);
/// # }
/// ```
#[track_caller]
pub fn threaded_iter<I>(make: impl FnOnce() -> I + Send + 'static) -> Items<I::Item>
where
    I: IntoIterator + 'static,
    I::IntoIter: Send,
    I::Item: Send,
{
    Builder::new().iter(make)
}

/// A job to be: its name, its pool and its place.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::blocking::{self, Pool};
///
/// let job = blocking::Builder::new().name("resize").on(Pool::cpu()).run(|| 0.5);
/// assert_eq!(&*job.reference().name(), "resize");
/// assert_eq!(job.await.unwrap(), 0.5);
/// # }
/// ```
#[derive(Debug, Default, Clone)]
#[must_use = "a builder does nothing until `run` or `iter`"]
pub struct Builder {
    name: Option<Arc<str>>,
    pool: Option<Pool>,
    place: Option<&'static Location<'static>>,
    buffer: Option<usize>,
}

impl Builder {
    /// The name `threaded` or `threaded_iter`, the pool [`Pool::io`].
    pub fn new() -> Self {
        Builder::default()
    }

    /// The name in lists and errors.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The pool. Default: [`Pool::io`].
    pub fn on(mut self, pool: &Pool) -> Self {
        self.pool = Some(pool.clone());
        self
    }

    /// The place shown as the one that made the job. Default: the caller of [`run`](Builder::run)
    /// or [`iter`](Builder::iter).
    pub fn place(mut self, place: &'static Location<'static>) -> Self {
        self.place = Some(place);
        self
    }

    /// How many items an iterator may be ahead of its reader; zero counts as one. Default: 16.
    pub fn buffer(mut self, items: usize) -> Self {
        self.buffer = Some(items.max(1));
        self
    }

    /// Runs the closure; see [`threaded`].
    #[track_caller]
    pub fn run<T: Send + 'static>(self, f: impl FnOnce() -> T + Send + 'static) -> Job<T> {
        let place = self.place.unwrap_or(Location::caller());
        Launch::new(self.name, "threaded", self.pool, place).start(f)
    }

    /// Runs the iterator; see [`threaded_iter`].
    #[track_caller]
    pub fn iter<I>(self, make: impl FnOnce() -> I + Send + 'static) -> Items<I::Item>
    where
        I: IntoIterator + 'static,
        I::IntoIter: Send,
        I::Item: Send,
    {
        let place = self.place.unwrap_or(Location::caller());
        Items::new(Launch::new(self.name, "threaded_iter", self.pool, place), make, self.buffer.unwrap_or(16))
    }
}

/// How the jobs of one call are named, and where they go.
pub(super) struct Launch {
    pub(super) name: Arc<str>,
    pub(super) pool: Pool,
    place: &'static Location<'static>,
}

impl Launch {
    fn new(
        name: Option<Arc<str>>,
        otherwise: &str,
        pool: Option<Pool>,
        place: &'static Location<'static>,
    ) -> Self {
        let name = name.unwrap_or_else(|| otherwise.into());
        Launch { name, pool: pool.unwrap_or_else(|| Pool::io().clone()), place }
    }

    pub(super) fn start<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Job<T> {
        let (reply, receiver) = oneshot::channel();
        Job::new(&self.pool, Box::new(Call::new(carried(f), reply, self.enroll())), receiver)
    }

    /// Runs the closure even if there is no place, and lets nobody wait for it.
    pub(super) fn force(&self, f: impl FnOnce() + Send + 'static) {
        let (reply, _) = oneshot::channel();
        self.pool.core().force(Box::new(Call::new(carried(f), reply, self.enroll())));
    }

    fn enroll(&self) -> Enrolled {
        Enrolled::new(Arc::clone(&self.name), self.place)
    }
}
