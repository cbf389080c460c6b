use std::fmt;
use std::future::{Future, pending};
use std::panic::Location;

use super::Reason;
use super::intercept::intercept;
use super::scope::Kind;
use crate::inspect::Position;

/// A cancellation that was caught, and is over unless [`resume`](Cancelled::resume) brings it back.
#[derive(Clone)]
pub struct Cancelled {
    reason: Option<Reason>,
    /// What had asked: the task as a whole, or a time-out in it.
    origin: Option<Position>,
}

impl Cancelled {
    pub(super) fn new(reason: Option<Reason>, origin: Option<Position>) -> Self {
        Cancelled { reason, origin }
    }

    /// The reason given with the cancellation, if there was one.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Makes the request again that was caught, as one re-raises an exception: what stands around
    /// this await is dropped at it, up to the time-out or the task that had been asked to end.
    ///
    /// When that time-out is over, the task is asked.
    pub async fn resume(self) -> ! {
        let Position { owner, key } = self.origin.unwrap_or_else(Position::current);
        if !owner.node().cancel.ask_scope(key, self.reason.clone()) {
            owner.node().cancel.ask_once(self.reason);
        }
        match pending::<std::convert::Infallible>().await {}
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            None => f.write_str("cancelled"),
            Some(reason) => write!(f, "cancelled: {reason}"),
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cancelled({self})")
    }
}

impl std::error::Error for Cancelled {}

/// Runs a body and catches the cancellation that drops it: the request is consumed.
///
/// The task goes on after it as if nobody had asked. Bound what you do then, as by a time-out.
///
/// # Errors
///
/// [`Cancelled`] when the body was dropped by a request.
///
/// # Cancel safety
///
/// Dropping it drops the body.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{cancel::catch_cancel, spawn};
///
/// let ninja = spawn(async {
///     let caught = catch_cancel(std::future::pending::<()>()).await.unwrap_err();
///     caught.reason().map(|reason| reason.to_string())
/// });
/// tokio::task::yield_now().await;
/// ninja.cancel_with("you are seen");
/// assert_eq!(ninja.await.unwrap().as_deref(), Some("you are seen"));
/// # }
/// ```
#[track_caller]
pub fn catch_cancel<F: Future>(body: F) -> impl Future<Output = Result<F::Output, Cancelled>> {
    let body = intercept(Kind::Catch, Location::caller(), body);
    async move { body.await.map_err(|interruption| interruption.consume()) }
}

/// Waits for a cancellation and catches it: for loops that `select!` between work and the end.
///
/// # Cancel safety
///
/// Cancel safe: a request that has not been caught stays.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{cancel::cancelled, spawn};
///
/// let task = spawn(async {
///     cancelled().await;
///     "the last words"
/// });
/// tokio::task::yield_now().await;
/// task.cancel();
/// assert_eq!(task.await.unwrap(), "the last words");
/// # }
/// ```
#[track_caller]
pub fn cancelled() -> impl Future<Output = Cancelled> {
    let caught = catch_cancel(pending::<std::convert::Infallible>());
    async move {
        match caught.await {
            Err(cancelled) => cancelled,
            Ok(never) => match never {},
        }
    }
}
