use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::{Deadline, Limit};

/// What was limited did not end in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elapsed {
    place: &'static Location<'static>,
}

impl Elapsed {
    pub(crate) fn of(place: &'static Location<'static>) -> Self {
        Elapsed { place }
    }

    /// Where the limit was set: tells nested time-outs apart.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timed out (limit set at {})", self.place)
    }
}

impl std::error::Error for Elapsed {}

pin_project! {
    /// A future with a limit in time; made by [`timeout`], [`timeout_at`] and [`Deadline::limit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        // `None` once it has been dropped. Dropped before the limit's seat, which its guards stand in.
        #[pin]
        body: Option<F>,
        limit: Limit,
    }
}

/// Gives a future a limit in time; when that is reached it is cancelled, and its cleanup awaited.
///
/// The body is told as by [`Task::cancel`](crate::Task::cancel): its guards run before the time-out
/// is seen here. A body that catches the request and ends with a value has that value returned. An
/// awaited [`Task`](crate::Task) in it is cancelled and waited for. The body is polled once before
/// the limit is looked at, so a value that is there is never lost, even with a limit of zero.
///
/// Cleanup is bounded by the grace of the process; see [`Timeout::grace`].
///
/// # Errors
///
/// [`Elapsed`] when the body did not end in time.
///
/// # Cancel safety
///
/// As that of the body: dropping it drops the body.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::{future::pending, time::Duration};
/// use mainspring_task::{Shared, cancel::finally, time::timeout};
///
/// let log = Shared::new(Vec::new());
/// let pen = log.clone();
/// let body = finally(pending::<()>(), async move { pen.update(|log| log.push("I was cancelled")) });
/// assert!(timeout(Duration::from_secs(1), body).await.is_err());
/// assert_eq!(log.get(), ["I was cancelled"]);
/// # }
/// ```
#[track_caller]
pub fn timeout<F: Future>(limit: Duration, body: F) -> Timeout<F> {
    Timeout::new(Instant::now().checked_add(limit), None, body)
}

/// [`timeout`] at a moment.
#[track_caller]
pub fn timeout_at<F: Future>(moment: Instant, body: F) -> Timeout<F> {
    Timeout::new(Some(moment), None, body)
}

/// [`timeout`] that drops the body at the limit, guards and all: for what needs no cleanup.
///
/// A cleanup that has begun in it goes on in a rescue task. It costs less than [`timeout`].
///
/// # Errors
///
/// [`Elapsed`] when the body did not end in time.
///
/// # Cancel safety
///
/// Dropping it drops the body.
#[track_caller]
pub fn timeout_hard<F: Future>(limit: Duration, body: F) -> impl Future<Output = Result<F::Output, Elapsed>> {
    let place = Location::caller();
    async move { tokio::time::timeout(limit, body).await.map_err(|_| Elapsed { place }) }
}

/// [`timeout`] whose end is no error: `None` when the body did not end in time.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::{future::pending, time::Duration};
/// use mainspring_task::time::move_on_after;
///
/// assert_eq!(move_on_after(Duration::from_secs(1), async { 1 }).await, Some(1));
/// assert_eq!(move_on_after(Duration::from_secs(1), pending::<u8>()).await, None);
/// # }
/// ```
///
/// # Cancel safety
///
/// As [`timeout`].
#[track_caller]
pub fn move_on_after<F: Future>(limit: Duration, body: F) -> impl Future<Output = Option<F::Output>> {
    let limited = timeout(limit, body);
    async move { limited.await.ok() }
}

impl<F: Future> Timeout<F> {
    #[track_caller]
    pub(super) fn new(at: Option<Instant>, deadline: Option<Deadline>, body: F) -> Self {
        Timeout { body: Some(body), limit: Limit::new(at, deadline) }
    }

    /// How long the body may take to clean up after the limit. Default: the grace of the process.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limit = self.limit.grace(grace);
        self
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let poll = |body: &mut Pin<&mut Option<F>>, cx: &mut Context<'_>| {
            let body = body.as_mut().as_pin_mut();
            body.expect("a future that has timed out is not polled again").poll(cx)
        };
        this.limit.poll(cx, &mut this.body, poll, |body| body.set(None))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("limit", &self.limit).finish_non_exhaustive()
    }
}
