use std::future::{Future, pending};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::guard::Seat;
use super::scope::{Kind, ROOT, Turn};
use super::{Cancelled, Reason};
use crate::inspect::Position;

pin_project! {
    /// Runs a body; at a request drops it and hands the request over.
    ///
    /// The one guard that all others are made of.
    pub(super) struct Intercept<F> {
        // `None` once it has been dropped.
        #[pin]
        body: Option<F>,
        seat: Option<Seat>,
    }
}

/// A request in the hands of the guard that took it. It is held up until it is disposed of; dropped,
/// it passes on.
pub(crate) struct Interruption {
    seat: Seat,
    reason: Option<Reason>,
}

pub(crate) fn intercept<F: Future>(
    kind: Kind,
    place: &'static Location<'static>,
    body: F,
) -> impl Future<Output = Result<F::Output, Interruption>> {
    Intercept { body: Some(body), seat: Some(Seat::new(kind, place)) }
}

impl<F: Future> Future for Intercept<F> {
    type Output = Result<F::Output, Interruption>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let seat = this.seat.as_mut().expect("an interrupted future is not polled again");
        seat.take(None, cx);
        loop {
            if let Turn::Due(reason) = seat.turn() {
                seat.within(|| this.body.set(None));
                seat.shelter();
                let seat = this.seat.take().expect("it was there a moment ago");
                return Poll::Ready(Err(Interruption { seat, reason }));
            }
            let body = this.body.as_mut().as_pin_mut().expect("dropped only when interrupted");
            if let Poll::Ready(value) = seat.poll(cx, |cx| body.poll(cx)) {
                *this.seat = None;
                return Poll::Ready(Ok(value));
            }
            if !matches!(seat.turn(), Turn::Due(_)) {
                return Poll::Pending;
            }
        }
    }
}

impl Interruption {
    /// Runs cleanup, which the request in hand and later ones do not reach.
    pub(crate) async fn shelter<F: Future>(&mut self, cleanup: F) -> F::Output {
        Sheltered { seat: &mut self.seat, cleanup }.await
    }

    pub(crate) fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Lets the request go on outwards. What stands around this is dropped at this await.
    pub(crate) async fn pass_on(mut self) -> ! {
        self.seat.leave();
        match pending::<std::convert::Infallible>().await {}
    }

    /// Ends the request here.
    pub(crate) fn consume(self) -> Cancelled {
        let origin = self.seat.position().map(|Position { owner, key }| {
            let key = owner.node().cancel.origin(key).unwrap_or(ROOT);
            Position { owner, key }
        });
        self.seat.answer(false);
        Cancelled::new(self.reason, origin)
    }
}

pin_project! {
    struct Sheltered<'a, F> {
        seat: &'a mut Seat,
        #[pin]
        cleanup: F,
    }
}

impl<F: Future> Future for Sheltered<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.seat.poll(cx, |cx| this.cleanup.poll(cx))
    }
}
