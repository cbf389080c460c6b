use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Peer;
use super::report::Report;
use crate::Outcome;

pin_project! {
    /// The way of one connection or datagram: what comes before its handler, and the handler. An error of the
    /// handler is told; so is a panic, which then goes on its way.
    ///
    /// By hand, because every poll of every connection goes through it.
    pub(super) struct Handling<O, W, T> {
        #[pin]
        step: Step<O, W>,
        peer: Peer,
        report: Arc<Report>,
        // Given back when the rest is gone.
        _place: T,
    }
}

pin_project! {
    #[project = StepNow]
    enum Step<O, W> {
        Opening { #[pin] opening: O },
        Working { #[pin] work: W },
    }
}

impl<O, W, T> Handling<O, W, T>
where
    O: Future<Output = Option<(Peer, W)>>,
    W: Future<Output: Outcome>,
{
    /// `opening` gives the handler's future, and the peer as it is known by then; nothing, if there is nothing
    /// to be handled. `place` is kept until all is over.
    pub(super) fn new(report: Arc<Report>, peer: Peer, opening: O, place: T) -> Self {
        Handling { step: Step::Opening { opening }, peer, report, _place: place }
    }
}

impl<O, W, T> Future for Handling<O, W, T>
where
    O: Future<Output = Option<(Peer, W)>>,
    W: Future<Output: Outcome>,
{
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.as_mut().project();
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let StepNow::Working { work } = this.step.as_mut().project() {
                return work.poll(cx).map(Some);
            }
            open(this.step, this.peer, cx)
        }));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => {
                if let Some(outcome) = outcome {
                    self.report.outcome(&self.peer, outcome);
                }
                Poll::Ready(())
            }
            Err(payload) => self.report.panic(&self.peer, payload),
        }
    }
}

/// The polls until the handler's first, that one included. Apart, so that the polls of the handler are short.
#[inline(never)]
fn open<O, W>(
    mut step: Pin<&mut Step<O, W>>,
    known: &mut Peer,
    cx: &mut Context<'_>,
) -> Poll<Option<W::Output>>
where
    O: Future<Output = Option<(Peer, W)>>,
    W: Future<Output: Outcome>,
{
    loop {
        match step.as_mut().project() {
            StepNow::Working { work } => return work.poll(cx).map(Some),
            StepNow::Opening { opening } => match ready!(opening.poll(cx)) {
                None => return Poll::Ready(None),
                Some((peer, work)) => {
                    *known = peer;
                    step.set(Step::Working { work });
                }
            },
        }
    }
}
