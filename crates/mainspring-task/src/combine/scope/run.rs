use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{Location, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use super::super::branch::Branch;
use super::core::Core;
use super::{Builder, Outcome, Scope, ScopeError};
use crate::cancel::{CatchUnwind, Kind, Reason, intercept};

/// Runs a body that spawns tasks, and waits for all of them; [the module](super) has the rules.
///
/// The body ends with `()` or a `Result`; its value is given back when nothing failed.
///
/// # Errors
///
/// [`ScopeError`], with all failures, when a child or the body failed.
///
/// # Panics
///
/// With the panic of the body, after the children have ended.
///
/// # Cancel safety
///
/// Dropping it cancels the children, which clean up by themselves.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, scope};
///
/// let pages = Shared::new(0);
/// let count = pages.clone();
/// let crawled = scope(async |s| {
///     for _ in 0..3 {
///         let (count, more) = (count.clone(), s.clone());
///         s.spawn(async move {
///             count.update(|pages| *pages += 1);
///             more.spawn(async move { count.update(|pages| *pages += 1) });
///         });
///     }
/// });
/// crawled.await.unwrap();
/// assert_eq!(pages.get(), 6);
/// # }
/// ```
///
/// The first error ends it:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::future::pending;
/// use mainspring_task::scope;
///
/// let failed = scope(async |s| {
///     s.spawn(pending::<()>());
///     s.spawn(async { Err::<(), _>("disk full") });
///     pending::<()>().await;
/// });
/// assert_eq!(failed.await.unwrap_err().errors().len(), 1);
/// # }
/// ```
#[track_caller]
pub fn scope<B, F>(body: B) -> impl Future<Output = Result<<F::Output as Outcome>::Value, ScopeError>>
where
    B: FnOnce(Scope) -> F,
    F: Future<Output: Outcome>,
{
    run(Scope::builder(), body, Location::caller())
}

pub(super) async fn run<B, F>(
    options: Builder,
    body: B,
    place: &'static Location<'static>,
) -> Result<<F::Output as Outcome>::Value, ScopeError>
where
    B: FnOnce(Scope) -> F,
    F: Future<Output: Outcome>,
{
    let core = Arc::new(Core::new(options, place));
    let _dropped = StopOnDrop(&core);
    let body = async {
        let ended = run_body(&core, body).await;
        core.close().await;
        ended
    };
    match intercept(Kind::Scope, place, body).await {
        Ok(ended) => conclude(ended, core.take_error(), place),
        Err(mut interruption) => {
            core.stop(interruption.reason().cloned().unwrap_or_else(|| "its scope was cancelled".into()));
            interruption.shelter(core.close()).await;
            match core.take_error() {
                None => interruption.pass_on().await,
                Some(error) => {
                    interruption.consume();
                    Err(error)
                }
            }
        }
    }
}

enum Ended<T> {
    Value(T),
    /// Its error is among the failures of the scope, or it was stopped for one.
    Failed,
    Panicked(Box<dyn Any + Send>),
}

async fn run_body<B, F>(core: &Arc<Core>, body: B) -> Ended<<F::Output as Outcome>::Value>
where
    B: FnOnce(Scope) -> F,
    F: Future<Output: Outcome>,
{
    let scope = Scope::new(Arc::clone(core));
    let body = async move { body(scope).await };
    match until_stopped(core, CatchUnwind { body }).await {
        None => Ended::Failed,
        Some(Err(payload)) => {
            core.stop(Reason::from("the body of its scope panicked"));
            Ended::Panicked(payload)
        }
        Some(Ok(output)) => match output.outcome() {
            Ok(value) => Ended::Value(value),
            Err(error) => {
                core.body_failed(error);
                Ended::Failed
            }
        },
    }
}

/// Runs the body; when a child fails it is cancelled.
async fn until_stopped<F: Future>(core: &Core, body: F) -> Option<F::Output> {
    let mut body = Branch::new(core.place, body);
    let mut stopping = pin!(core.stopping());
    let mut stopped = false;
    poll_fn(|cx| {
        if !stopped && let Poll::Ready(reason) = stopping.as_mut().poll(cx) {
            stopped = true;
            body.stop(reason);
        }
        Pin::new(&mut body).poll(cx)
    })
    .await
}

fn conclude<T>(
    ended: Ended<T>,
    error: Option<ScopeError>,
    place: &'static Location<'static>,
) -> Result<T, ScopeError> {
    match (ended, error) {
        (Ended::Panicked(payload), error) => {
            if let Some(error) = error {
                tracing::error!(%error, %place, "tasks failed in a scope whose body panicked");
            }
            resume_unwind(payload)
        }
        (_, Some(error)) => Err(error),
        (Ended::Value(value), None) => Ok(value),
        (Ended::Failed, None) => unreachable!("a body fails or is stopped with a failure only"),
    }
}

/// A scope that is dropped from outside leaves no child running.
struct StopOnDrop<'a>(&'a Core);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop(Reason::from("its scope was dropped"));
    }
}
