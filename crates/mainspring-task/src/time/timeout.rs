use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Deadline;
use crate::cancel::{Kind, Reason, Seat, Turn, grace, while_dropping_hard};
use crate::inspect::real;

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
        // `None` once it has been dropped. Dropped before the seat, which its guards stand in.
        #[pin]
        body: Option<F>,
        // The moment; once the request is made, the end of the grace.
        // Boxed: a body that is ready at once needs none, and it is large and aligned to cache lines.
        timer: Option<Pin<Box<Sleep>>>,
        seat: Seat,
        at: Option<Instant>,
        deadline: Option<Deadline>,
        phase: Phase,
        grace: Option<Duration>,
    }

    impl<F> PinnedDrop for Timeout<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(deadline) = &this.deadline {
                deadline.finish();
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The moment has not come.
    Running,
    /// It has, and the body has been asked to stop.
    Asked,
    /// The body has consumed the request: it runs on, and its value will count.
    Defied,
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
        let seat = Seat::new(Kind::Timeout, Location::caller());
        Timeout { body: Some(body), timer: None, seat, at, deadline, phase: Phase::Running, grace: None }
    }

    /// How long the body may take to clean up after the limit. Default: the grace of the process.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Whether the timer has fired; it is set anew when the deadline has been moved.
    fn poll_timer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if *this.phase == Phase::Running
            && let Some(deadline) = this.deadline
        {
            let at = deadline.listen(real(cx.waker()));
            if at != *this.at {
                *this.at = at;
                *this.timer = None;
            }
        }
        let Some(at) = *this.at else { return Poll::Pending };
        this.timer.get_or_insert_with(|| Box::pin(sleep_until(at))).as_mut().poll(cx)
    }

    /// The limit is reached: the body is asked to stop, and the timer set to the end of the grace.
    fn expire(self: Pin<&mut Self>) {
        let this = self.project();
        *this.phase = Phase::Asked;
        *this.at = Instant::now().checked_add(this.grace.unwrap_or_else(grace));
        *this.timer = None;
        if let Some(deadline) = this.deadline {
            deadline.expire();
        }
        this.seat.ask(Some(Reason::from("timed out")));
    }

    fn drop_body(self: Pin<&mut Self>, hard: bool) -> Elapsed {
        let mut this = self.project();
        let seat = &*this.seat;
        seat.within(|| while_dropping_hard(hard, || this.body.set(None)));
        Elapsed { place: seat.place() }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        this.seat.take(None, cx);
        let body = this.body.as_pin_mut().expect("a future that has timed out is not polled again");
        if let Poll::Ready(value) = this.seat.poll(cx, |cx| body.poll(cx)) {
            this.seat.leave();
            return Poll::Ready(Ok(value));
        }
        loop {
            match self.phase {
                // A request that was caught can be made again.
                Phase::Defied if self.seat.is_origin() => {
                    *self.as_mut().project().phase = Phase::Asked;
                }
                Phase::Defied => return Poll::Pending,
                Phase::Running => {
                    if self.as_mut().poll_timer(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.as_mut().expire();
                }
                Phase::Asked => match self.seat.turn() {
                    Turn::Due(_) => return Poll::Ready(Err(self.drop_body(false))),
                    Turn::Idle => *self.as_mut().project().phase = Phase::Defied,
                    Turn::Waiting => {
                        if self.as_mut().poll_timer(cx).is_pending() {
                            return Poll::Pending;
                        }
                        let guards: Vec<_> =
                            self.seat.holders().iter().map(|(_, place)| place.to_string()).collect();
                        tracing::error!(guards = guards.join(", "), "cleanup after a time-out was cut off");
                        return Poll::Ready(Err(self.drop_body(true)));
                    }
                },
            }
        }
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("at", &self.at).field("phase", &self.phase).finish_non_exhaustive()
    }
}
