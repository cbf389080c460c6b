use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::{Deadline, Elapsed};
use crate::cancel::{Kind, Reason, Seat, Turn, grace, while_dropping_hard};
use crate::inspect::real;

/// A limit in time around the polls of a body: a [`Timeout`](super::Timeout) for those who poll by hand.
///
/// The body is whatever the caller has; it is told, waited for and dropped as by
/// [`timeout`](super::timeout).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::{future::{Future, pending, poll_fn}, pin::Pin, time::Duration};
/// use mainspring_task::time::Limit;
///
/// let mut body: Option<Pin<Box<dyn Future<Output = u8>>>> = Some(Box::pin(pending()));
/// let mut limit = Limit::after(Duration::from_secs(1));
/// let ended = poll_fn(|cx| {
///     limit.poll(cx, &mut body, |body, cx| body.as_mut().unwrap().as_mut().poll(cx), |body| *body = None)
/// });
/// assert!(ended.await.is_err());
/// assert!(body.is_none());
/// # }
/// ```
pub struct Limit {
    /// The moment; once the request is made, the end of the grace.
    /// Boxed: a body that is ready at once needs none, and it is large and aligned to cache lines.
    timer: Option<Pin<Box<Sleep>>>,
    seat: Seat,
    at: Option<Instant>,
    deadline: Option<Deadline>,
    phase: Phase,
    grace: Option<Duration>,
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

impl Limit {
    /// One that is reached after a duration from now.
    #[track_caller]
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        Self::new(Instant::now().checked_add(limit), None)
    }

    #[track_caller]
    pub(super) fn new(at: Option<Instant>, deadline: Option<Deadline>) -> Self {
        let seat = Seat::new(Kind::Timeout, Location::caller());
        Limit { timer: None, seat, at, deadline, phase: Phase::Running, grace: None }
    }

    /// How long the body may take to clean up after the limit. Default: the grace of the process.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Polls the body; when the limit is reached and the body has made way, drops it. Not to be called again
    /// once it was ready.
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the body did not end in time.
    #[inline]
    pub fn poll<B: ?Sized, R>(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut B,
        poll: impl FnOnce(&mut B, &mut Context<'_>) -> Poll<R>,
        drop: impl FnOnce(&mut B),
    ) -> Poll<Result<R, Elapsed>> {
        if let Poll::Ready(value) = self.seat.poll_late(cx, |cx| poll(body, cx)) {
            self.seat.leave();
            return Poll::Ready(Ok(value));
        }
        self.poll_end(cx).map(|hard| {
            self.seat.within(|| while_dropping_hard(hard, || drop(body)));
            Err(Elapsed::of(self.seat.place()))
        })
    }

    /// Ready when the body is to be dropped; true when with all its guards.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            match self.phase {
                // A request that was caught can be made again.
                Phase::Defied if self.seat.is_origin() => self.phase = Phase::Asked,
                Phase::Defied => return Poll::Pending,
                Phase::Running => {
                    if self.poll_timer(cx).is_pending() {
                        return Poll::Pending;
                    }
                    self.expire();
                }
                Phase::Asked => match self.seat.turn() {
                    Turn::Due(_) => return Poll::Ready(false),
                    Turn::Idle => self.phase = Phase::Defied,
                    Turn::Waiting => {
                        if self.poll_timer(cx).is_pending() {
                            return Poll::Pending;
                        }
                        let guards: Vec<_> =
                            self.seat.holders().iter().map(|(_, place)| place.to_string()).collect();
                        tracing::error!(guards = guards.join(", "), "cleanup after a time-out was cut off");
                        return Poll::Ready(true);
                    }
                },
            }
        }
    }

    /// Whether the timer has fired; it is set anew when the deadline has been moved.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.phase == Phase::Running
            && let Some(deadline) = &self.deadline
        {
            let at = deadline.listen(real(cx.waker()));
            if at != self.at {
                self.at = at;
                self.timer = None;
            }
        }
        let Some(at) = self.at else { return Poll::Pending };
        self.timer.get_or_insert_with(|| Box::pin(sleep_until(at))).as_mut().poll(cx)
    }

    /// The limit is reached: the body is asked to stop, and the timer set to the end of the grace.
    fn expire(&mut self) {
        self.phase = Phase::Asked;
        self.at = Instant::now().checked_add(self.grace.unwrap_or_else(grace));
        self.timer = None;
        if let Some(deadline) = &self.deadline {
            deadline.expire();
        }
        self.seat.ask(Some(Reason::from("timed out")));
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        if let Some(deadline) = &self.deadline {
            deadline.finish();
        }
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("at", &self.at).field("phase", &self.phase).finish_non_exhaustive()
    }
}
