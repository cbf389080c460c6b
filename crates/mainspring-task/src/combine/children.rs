use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;

use crate::cancel::Reason;
use crate::task::{Builder, Task, TaskError};

/// Tasks that belong to one future: a request that reaches it reaches them, and they are cancelled
/// when it is dropped.
pub(super) struct Children<T: Send + 'static> {
    running: FuturesUnordered<Child<T>>,
    place: &'static Location<'static>,
}

/// One of them, with its place in the input.
struct Child<T> {
    index: usize,
    task: Task<T>,
}

/// Where a child leaves a value that is of another type than those of its siblings.
pub(super) struct Slot<T>(oneshot::Receiver<T>);

impl<T: Send + 'static> Children<T> {
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        Children { running: FuturesUnordered::new(), place }
    }

    /// Spawns the next child.
    pub(super) fn push<F>(&mut self, future: F)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let task = Builder::new().place(self.place).spawn(future);
        self.running.push(Child { index: self.running.len(), task });
    }

    /// How many have not given their outcome.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// The next outcome, and whose it is.
    pub(super) async fn next(&mut self) -> Option<(usize, Result<T, TaskError>)> {
        self.running.next().await
    }

    /// Lets the children run on. What becomes of them is nobody's concern any more.
    pub(super) fn leave(mut self) {
        for child in std::mem::take(&mut self.running) {
            child.task.quiet();
        }
    }
}

impl<E: Send + 'static> Children<Result<(), E>> {
    /// Spawns the next child, whose value comes in a slot of its own.
    pub(super) fn push_apart<F, T>(&mut self, future: F) -> Slot<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let (slot, value) = oneshot::channel();
        self.push(async move {
            // The slot is gone only when the value is of no use any more.
            let _ = slot.send(future.await?);
            Ok(())
        });
        Slot(value)
    }
}

impl<T> Slot<T> {
    /// To be called when the child has ended well.
    pub(super) fn take(mut self) -> T {
        self.0.try_recv().expect("a child that ended well has left its value")
    }
}

impl<T: Send + 'static> Future for Child<T> {
    type Output = (usize, Result<T, TaskError>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = Pin::new(&mut self.task).poll(cx);
        outcome.map(|outcome| (self.index, outcome))
    }
}

impl<T: Send + 'static> Drop for Children<T> {
    fn drop(&mut self) {
        for child in &self.running {
            child.task.reference().cancel_once(Some(Reason::from("nobody waits for it any more")));
        }
    }
}
