use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cancel::{Grace, Kind, Reason, Seat, Turn, grace, while_dropping_hard};

/// Cancels a future that was polled before, where it stands, and waits for its cleanup.
///
/// For who polls a future by hand and comes to have no more use for it. The future is polled once more, so that
/// its guards learn of the request; it ends as one that [`timeout`](crate::time::timeout) has cancelled does.
/// The cleanup is bounded by the grace of the process. `Some` when the future ends with a value all the same.
///
/// # Cancel safety
///
/// Dropping it drops the future; a cleanup that has begun goes on in a task of its own.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::future::{pending, poll_fn};
/// use std::task::Poll;
/// use mainspring_task::{Shared, cancel::finally, combine::stop};
///
/// let cleaned = Shared::new(false);
/// let cell = cleaned.clone();
/// let mut work = Box::pin(finally(pending::<()>(), async move { cell.set(true) }));
/// poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_pending())).await;
/// assert_eq!(stop(work, "nobody waits for it").await, None);
/// assert!(cleaned.get());
/// # }
/// ```
#[track_caller]
pub fn stop<F: Future>(body: F, reason: &'static str) -> impl Future<Output = Option<F::Output>> {
    let mut branch = Branch::new(Location::caller(), body);
    branch.stop(Reason::from(reason));
    branch
}

/// A future, polled in place, that its owner can stop: it is cancelled as a task is, guards and all.
///
/// Ends with `None` when it was stopped. One that consumes the request goes on, and its value counts.
pub(super) struct Branch<F> {
    /// `None` once it has been dropped. Dropped before the seat, which its guards stand in.
    body: Option<Pin<Box<F>>>,
    seat: Seat,
    phase: Phase,
    /// It has been polled: only from then on do its guards, and the tasks it awaits, stand in the tree.
    polled: bool,
    grace: Grace,
}

enum Phase {
    Running,
    /// It is to be asked as soon as it has been polled once.
    Doomed(Reason),
    Asked,
    /// It has consumed the request.
    Defied,
}

impl<F: Future> Branch<F> {
    pub(super) fn new(place: &'static Location<'static>, body: F) -> Self {
        Branch {
            body: Some(Box::pin(body)),
            seat: Seat::new(Kind::Branch, place),
            phase: Phase::Running,
            polled: false,
            grace: Grace::default(),
        }
    }

    /// Asks the future to stop; nothing when it has been asked already.
    pub(super) fn stop(&mut self, reason: Reason) {
        if !matches!(self.phase, Phase::Running) {
            return;
        }
        if self.polled {
            self.phase = Phase::Asked;
            self.seat.ask(Some(reason));
        } else {
            self.phase = Phase::Doomed(reason);
        }
    }

    /// Gives the future back.
    pub(super) fn into_body(self) -> Option<Pin<Box<F>>> {
        self.body
    }

    fn drop_body(&mut self, hard: bool) {
        let body = self.body.take();
        self.seat.within(|| while_dropping_hard(hard, || drop(body)));
        self.seat.leave();
    }

    fn poll_asked(&mut self, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        match self.seat.turn() {
            Turn::Due(_) => {
                self.drop_body(false);
                Poll::Ready(None)
            }
            Turn::Idle => {
                self.phase = Phase::Defied;
                Poll::Pending
            }
            Turn::Waiting => {
                if self.grace.poll_over(grace(), cx).is_pending() {
                    return Poll::Pending;
                }
                let guards: Vec<_> = self.seat.holders().iter().map(|(_, place)| place.to_string()).collect();
                let (place, guards) = (self.seat.place(), guards.join(", "));
                tracing::error!(%place, guards, "cleanup of what was stopped was cut off");
                self.drop_body(true);
                Poll::Ready(None)
            }
        }
    }
}

impl<F: Future> Future for Branch<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.seat.take(None, cx);
        if matches!(this.phase, Phase::Asked) && matches!(this.seat.turn(), Turn::Due(_)) {
            return this.poll_asked(cx);
        }
        this.polled = true;
        let body = this.body.as_mut().expect("a branch that has ended is not polled again").as_mut();
        if let Poll::Ready(value) = this.seat.within(|| body.poll(cx)) {
            this.seat.leave();
            return Poll::Ready(Some(value));
        }
        if let Phase::Doomed(reason) = &this.phase {
            let reason = reason.clone();
            this.phase = Phase::Asked;
            this.seat.ask(Some(reason));
        }
        if matches!(this.phase, Phase::Asked) { this.poll_asked(cx) } else { Poll::Pending }
    }
}
