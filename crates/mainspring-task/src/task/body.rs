use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;

use super::{Core, Registered, TaskError};
use crate::cancel::{Grace, ROOT, Reason, Turn, while_dropping_hard};
use crate::context::Snapshot;
use crate::inspect::run_current;

pin_project! {
    /// The future that tokio runs: the user's future with its accounting around it.
    ///
    /// When it is dropped before its end (its runtime went away) the task ends as cancelled.
    pub(super) struct Body<F>
    where
        F: Future,
        F: Send,
        F::Output: Send,
        F::Output: 'static
    {
        // `None` once the user's future is gone.
        #[pin]
        future: Option<F>,
        core: Arc<Core<F::Output>>,
        // The same, lent to the thread during a poll.
        entry: Option<Arc<dyn Registered>>,
        context: Snapshot,
        grace: Grace,
        polled: bool,
        done: bool,
    }

    impl<F> PinnedDrop for Body<F>
    where
        F: Future,
        F: Send,
        F::Output: Send,
        F::Output: 'static
    {
        fn drop(this: Pin<&mut Self>) {
            if !this.done {
                this.finish(Ending::Cancelled { reason: Some("its runtime was shut down".into()), hard: false });
            }
        }
    }
}

enum Ending<T> {
    Value(T),
    Cancelled { reason: Option<Reason>, hard: bool },
    Panicked(Box<dyn Any + Send>),
}

impl<F> Body<F>
where
    F: Future + Send,
    F::Output: Send + 'static,
{
    pub(super) fn new(future: F, core: Arc<Core<F::Output>>) -> Self {
        let (context, grace) = (Snapshot::inherit(), Grace::default());
        let entry = Some(Arc::clone(&core) as _);
        Body { future: Some(future), core, entry, context, grace, polled: false, done: false }
    }

    /// Whether a request has come through, so that the body is to be dropped.
    #[cold]
    fn verdict(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<Ending<F::Output>> {
        let this = self.project();
        let node = this.core.node();
        let turn = node.cancel.turn(ROOT);
        if node.cancel.is_hard() {
            return Some(Ending::Cancelled { reason: node.cancel.reason(), hard: true });
        }
        match turn {
            Turn::Idle => {
                this.grace.reset();
                None
            }
            Turn::Due(reason) => Some(Ending::Cancelled { reason, hard: false }),
            Turn::Waiting => match this.grace.poll_over(node.grace(), cx) {
                Poll::Pending => None,
                Poll::Ready(held) => {
                    node.report_overrun(held);
                    Some(Ending::Cancelled { reason: node.cancel.reason(), hard: true })
                }
            },
        }
    }

    #[inline(always)]
    fn poll_future(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<thread::Result<F::Output>> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("a finished body is not polled: tokio sees it ready");
        let node = this.core.node();
        let polled = run_current(this.entry, node, this.context, || match node.inquiries.take() {
            None => future.poll(cx),
            Some(asked) => asked.answer(cx, future),
        });
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }

    /// The user's future is over, by itself.
    fn finish_of_itself(self: Pin<&mut Self>, outcome: thread::Result<F::Output>) {
        let cancel = &self.core.node().cancel;
        let ending = match outcome {
            Err(payload) => Ending::Panicked(payload),
            // Asked while it was on its way out: the request came before the value.
            Ok(_) if cancel.is_asked() => Ending::Cancelled { reason: cancel.reason(), hard: false },
            Ok(value) => Ending::Value(value),
        };
        self.finish(ending);
    }

    /// Drops the user's future first, so that whoever awaits finds its resources released.
    fn finish(self: Pin<&mut Self>, ending: Ending<F::Output>) {
        let mut this = self.project();
        *this.done = true;
        let hard = matches!(ending, Ending::Cancelled { hard: true, .. });
        let drop_body = || while_dropping_hard(hard, || this.future.set(None));
        let dropped = run_current(this.entry, this.core.node(), this.context, drop_body);
        let label = || this.core.node().label();
        let result = match (ending, dropped) {
            (Ending::Panicked(payload), _) | (_, Err(payload)) => Err(TaskError::panicked(label(), payload)),
            (Ending::Value(value), Ok(())) => Ok(value),
            (Ending::Cancelled { reason, .. }, Ok(())) => Err(TaskError::cancelled(label(), reason)),
        };
        this.core.complete(result);
    }
}

impl<F> Future for Body<F>
where
    F: Future + Send,
    F::Output: Send + 'static,
{
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.polled {
            *self.as_mut().project().polled = true;
            self.core.node().cancel.listen(ROOT, cx.waker());
        }
        if self.core.node().cancel.is_touched()
            && let Some(ending) = self.as_mut().verdict(cx)
        {
            self.finish(ending);
            return Poll::Ready(());
        }
        if let Poll::Ready(outcome) = self.as_mut().poll_future(cx) {
            self.finish_of_itself(outcome);
            return Poll::Ready(());
        }
        // A guard may have made way in this very poll.
        if self.core.node().cancel.is_touched()
            && let Some(ending) = self.as_mut().verdict(cx)
        {
            self.finish(ending);
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
