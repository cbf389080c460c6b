use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Core, TaskError};
use crate::inspect::Entered;

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
                this.finish(Ending::Cancelled);
            }
        }
    }
}

enum Ending<T> {
    Value(T),
    Cancelled,
    Panicked(Box<dyn std::any::Any + Send>),
}

impl<F> Body<F>
where
    F: Future + Send,
    F::Output: Send + 'static,
{
    pub(super) fn new(future: F, core: Arc<Core<F::Output>>) -> Self {
        Body { future: Some(future), core, polled: false, done: false }
    }

    /// Drops the user's future first, so that whoever awaits finds its resources released.
    fn finish(self: Pin<&mut Self>, ending: Ending<F::Output>) {
        let mut this = self.project();
        *this.done = true;
        let entered = Entered::enter(Arc::clone(this.core) as _);
        let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
        drop(entered);
        let node = this.core.node();
        let result = match (ending, dropped) {
            (Ending::Panicked(payload), _) | (_, Err(payload)) => {
                Err(TaskError::panicked(node.label(), payload))
            }
            (Ending::Value(value), Ok(())) => Ok(value),
            (Ending::Cancelled, Ok(())) => Err(TaskError::cancelled(node.label(), node.request.reason())),
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

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        let node = this.core.node();
        if !*this.polled {
            *this.polled = true;
            node.request.listen(cx.waker());
        }
        if node.request.is_asked() {
            self.finish(Ending::Cancelled);
            return Poll::Ready(());
        }
        let entered = Entered::enter(Arc::clone(this.core) as _);
        let future = this.future.as_pin_mut().expect("a finished body is not polled: tokio sees it ready");
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        drop(entered);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => {
                self.finish(Ending::Value(value));
                Poll::Ready(())
            }
            Err(payload) => {
                self.finish(Ending::Panicked(payload));
                Poll::Ready(())
            }
        }
    }
}
