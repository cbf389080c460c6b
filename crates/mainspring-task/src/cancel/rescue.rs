use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::grace;
use super::guard::{dropped_hard, uncancellable};
use crate::task;

/// How many cleanups run in tasks of their own.
static RESCUES: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// A cleanup that has begun: dropped before its end it goes on in a task of its own.
pub(super) struct Rescue<C>
where
    C: Future + Send + 'static,
{
    cleanup: Option<Pin<Box<C>>>,
    place: &'static Location<'static>,
}

impl<C: Future + Send + 'static> Rescue<C> {
    pub(super) fn new(cleanup: C, place: &'static Location<'static>) -> Self {
        Rescue { cleanup: Some(Box::pin(cleanup)), place }
    }

    /// To be called once.
    pub(super) async fn run(&mut self) -> C::Output {
        let cleanup = self.cleanup.as_mut().expect("a cleanup is run once");
        let output = cleanup.await;
        self.cleanup = None;
        output
    }
}

impl<C: Future + Send + 'static> Drop for Rescue<C> {
    fn drop(&mut self) {
        let Some(cleanup) = self.cleanup.take() else { return };
        if !dropped_hard() {
            rescue_at(async move { drop(cleanup.await) }, self.place);
        }
    }
}

/// Runs a cleanup in a task of its own, bounded by the process's grace.
pub(super) fn rescue_at(
    cleanup: impl Future<Output = ()> + Send + 'static,
    place: &'static Location<'static>,
) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        tracing::error!(%place, "a cleanup is lost: it was dropped outside of a runtime");
        return;
    };
    let builder = task::Builder::new().name(format!("cleanup of {place}")).place(place).on(&runtime);
    run(builder, cleanup, place);
}

/// Runs a cleanup in a task of its own, which the end of the process waits for; for the `drop` of what
/// has to await its end.
///
/// The task holds up its cancellation until the cleanup has ended. The cleanup is cut off at the end of
/// the process's [grace](super::grace), and the log says so.
///
/// # Panics
///
/// When the builder names no runtime and this is called outside of one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, cancel, task};
///
/// struct Connection(Shared<bool>);
///
/// impl Drop for Connection {
///     fn drop(&mut self) {
///         let closed = self.0.clone();
///         let goodbye = async move { closed.set(true) };
///         cancel::rescue(task::Builder::new().name("goodbye"), goodbye);
///     }
/// }
///
/// let closed = Shared::new(false);
/// drop(Connection(closed.clone()));
/// cancel::rescued().await;
/// assert!(closed.get());
/// # }
/// ```
#[track_caller]
pub fn rescue(builder: task::Builder, cleanup: impl Future<Output = ()> + Send + 'static) {
    let place = Location::caller();
    run(builder.place(place), cleanup, place);
}

fn run(
    builder: task::Builder,
    cleanup: impl Future<Output = ()> + Send + 'static,
    place: &'static Location<'static>,
) {
    let counted = Counted::new();
    let limit: Duration = grace();
    let bounded = async move {
        let _counted = counted;
        // Who ends a process cancels all tasks that are left, and is to wait for this one.
        if uncancellable(timeout(limit, cleanup)).await.is_err() {
            tracing::error!(%place, held = ?limit, "a cleanup was cut off at the end of its grace");
        }
    };
    builder.spawn(bounded).detach();
}

/// How many cleanups run in tasks of their own, because their guards were dropped from outside.
#[must_use]
pub fn rescues() -> usize {
    *RESCUES.borrow()
}

/// Waits until no cleanup runs in a task of its own. What ends a process waits for this.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, cancel};
///
/// let cleaned = Shared::new(false);
/// let flag = cleaned.clone();
/// tokio::select! {
///     biased;
///     () = cancel::finally(std::future::pending(), async move { flag.set(true) }) => unreachable!(),
///     () = async {} => {}
/// }
/// cancel::rescued().await;
/// assert!(cleaned.get());
/// # }
/// ```
pub async fn rescued() {
    let none = |count: &usize| *count == 0;
    RESCUES.subscribe().wait_for(none).await.expect("the sender is a static");
}

struct Counted;

impl Counted {
    fn new() -> Self {
        RESCUES.send_modify(|count| *count += 1);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RESCUES.send_modify(|count| *count -= 1);
    }
}
