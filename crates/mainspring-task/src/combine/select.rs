use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::branch::Branch;
use crate::cancel::Reason;

/// Waits for the first of several futures to end; the others are cancelled, and their cleanup awaited.
///
/// The futures are polled in place: nothing is spawned, they may borrow, and a panic in one goes on
/// through here. Each is polled at least once, so that a [`Task`](crate::Task) among them is always
/// cancelled when it loses. Of several that end at once the first in the input wins, and the values of
/// the others are dropped, as is that of a loser that consumes its cancellation. The cleanup of the
/// losers is bounded by the grace of the process. [`Select::leave_losers`] gives them back instead.
///
/// When it is cancelled, all are, and they are waited for. For a fixed set of futures of different
/// types there is `tokio::select!`, which drops the losers without awaiting their cleanup.
///
/// # Panics
///
/// When there is no future: it would wait for ever.
///
/// # Cancel safety
///
/// Dropping it drops the futures; a cleanup that has begun goes on in a task of its own.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
/// use mainspring_task::{Shared, cancel::finally, select};
/// use tokio::time::sleep;
///
/// let cleaned = Shared::new(0);
/// let branches = [5, 1, 9].map(|seconds| {
///     let cleaned = cleaned.clone();
///     let body = async move {
///         sleep(Duration::from_secs(seconds)).await;
///         seconds
///     };
///     finally(body, async move { cleaned.update(|count| *count += 1) })
/// });
/// let first = select(branches).await;
/// assert_eq!((first.index, first.output), (1, 1));
/// assert_eq!(cleaned.get(), 3);
/// # }
/// ```
#[track_caller]
pub fn select<F: Future>(futures: impl IntoIterator<Item = F>) -> Select<F> {
    let place = Location::caller();
    let branches = Branches::new(futures, place);
    assert!(!branches.running.is_empty(), "select needs at least one future");
    Select { branches, winner: None }
}

/// A race of several futures; made by [`select`].
#[must_use = "futures do nothing unless polled"]
pub struct Select<F: Future> {
    branches: Branches<F>,
    winner: Option<Selected<F::Output>>,
}

/// The future that ended first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected<T> {
    /// Its place in the input, counted from zero.
    pub index: usize,
    /// What it ended with.
    pub output: T,
}

/// A race of several futures that gives the losers back; made by [`Select::leave_losers`].
#[must_use = "futures do nothing unless polled"]
pub struct SelectAndLeave<F: Future> {
    branches: Branches<F>,
}

impl<F: Future> Select<F> {
    /// Neither cancels the losers nor waits for them: they are given back with their places in the
    /// input, to be polled on or dropped. A [`Task`](crate::Task) that is dropped runs on.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::time::Duration;
    /// use mainspring_task::select;
    /// use tokio::time::sleep;
    ///
    /// let sleeps = [2, 1].map(|seconds| sleep(Duration::from_secs(seconds)));
    /// let (first, losers) = select(sleeps).leave_losers().await;
    /// assert_eq!(first.index, 1);
    /// for (index, loser) in losers {
    ///     loser.await;
    ///     assert_eq!(index, 0);
    /// }
    /// # }
    /// ```
    pub fn leave_losers(self) -> SelectAndLeave<F> {
        SelectAndLeave { branches: self.branches }
    }
}

impl<F: Future> Future for Select<F> {
    type Output = Selected<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match this.branches.running.poll_next_unpin(cx) {
                Poll::Ready(Some((index, Some(output)))) if this.winner.is_none() => {
                    this.winner = Some(Selected { index, output });
                    this.branches.stop("another one was first");
                }
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => {
                    return Poll::Ready(this.winner.take().expect("the first to end is the winner"));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<F: Future> Future for SelectAndLeave<F> {
    type Output = (Selected<F::Output>, Vec<(usize, Pin<Box<F>>)>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.branches.running.poll_next_unpin(cx) {
            Poll::Ready(Some((index, Some(output)))) => {
                Poll::Ready((Selected { index, output }, self.branches.give_back()))
            }
            Poll::Ready(_) => unreachable!("nobody stops a branch here, and the first to end wins"),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<F: Future> Unpin for Select<F> {}
impl<F: Future> Unpin for SelectAndLeave<F> {}

impl<F: Future> fmt::Debug for Select<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("running", &self.branches.running.len()).finish_non_exhaustive()
    }
}

impl<F: Future> fmt::Debug for SelectAndLeave<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectAndLeave").field("running", &self.branches.running.len()).finish()
    }
}

/// Futures that race in place.
pub(super) struct Branches<F: Future> {
    pub(super) running: FuturesUnordered<Numbered<F>>,
}

/// One of them, with its place in the input.
pub(super) struct Numbered<F> {
    index: usize,
    branch: Branch<F>,
}

impl<F: Future> Branches<F> {
    pub(super) fn new(futures: impl IntoIterator<Item = F>, place: &'static Location<'static>) -> Self {
        let number = |(index, body)| Numbered { index, branch: Branch::new(place, body) };
        Branches { running: futures.into_iter().enumerate().map(number).collect() }
    }

    /// Asks all that are left to stop.
    pub(super) fn stop(&mut self, reason: &'static str) {
        for loser in self.running.iter_mut() {
            loser.branch.stop(Reason::from(reason));
        }
    }

    fn give_back(&mut self) -> Vec<(usize, Pin<Box<F>>)> {
        let losers = std::mem::take(&mut self.running).into_iter();
        let mut losers: Vec<_> =
            losers.filter_map(|loser| Some((loser.index, loser.branch.into_body()?))).collect();
        losers.sort_by_key(|(index, _)| *index);
        losers
    }
}

impl<F: Future> Future for Numbered<F> {
    type Output = (usize, Option<F::Output>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = Pin::new(&mut self.branch).poll(cx);
        output.map(|output| (self.index, output))
    }
}
