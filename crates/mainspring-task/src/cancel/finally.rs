use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::guard::uncancellable;
use super::intercept::intercept;
use super::rescue::Rescue;
use super::scope::Kind;

/// Runs a body, then a cleanup that may await, whatever becomes of the body.
///
/// The cleanup runs when the body has ended, has panicked, or has been dropped by a cancellation or
/// a time-out; it is not interrupted by the request that dropped the body, nor by a later one, but
/// it is bounded by the grace. It has begun with the first poll: before that, nothing is cleaned up.
///
/// When the whole is dropped from outside, the cleanup runs in a task of its own, so it owns what
/// it uses.
///
/// # Panics
///
/// A panic of the body goes on after the cleanup.
///
/// # Cancel safety
///
/// Dropping it drops the body and leaves the cleanup to a rescue task.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, cancel::finally, spawn};
///
/// let log = Shared::new(Vec::new());
/// let pen = log.clone();
/// let task = spawn(finally(std::future::pending::<()>(), async move {
///     tokio::task::yield_now().await;
///     pen.update(|log| log.push("cleaned up"));
/// }));
/// tokio::task::yield_now().await;
/// task.cancel();
/// assert!(task.await.unwrap_err().is_cancelled());
/// assert_eq!(log.get(), ["cleaned up"]);
/// # }
/// ```
#[track_caller]
pub fn finally<B, C>(body: B, cleanup: C) -> impl Future<Output = B::Output>
where
    B: Future,
    C: Future<Output = ()> + Send + 'static,
{
    let place = Location::caller();
    async move {
        let mut cleanup = Rescue::new(cleanup, place);
        match intercept(Kind::Finally, place, CatchUnwind { body }).await {
            Ok(ended) => {
                uncancellable(cleanup.run()).await;
                ended.unwrap_or_else(|payload| resume_unwind(payload))
            }
            Err(mut interruption) => {
                interruption.shelter(cleanup.run()).await;
                interruption.pass_on().await
            }
        }
    }
}

pin_project! {
    /// Turns a panic of the body into a value.
    pub(crate) struct CatchUnwind<F> {
        #[pin]
        pub(crate) body: F,
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = std::thread::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let body = self.project().body;
        match catch_unwind(AssertUnwindSafe(|| body.poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
