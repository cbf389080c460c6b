use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, resume_unwind};

use super::Reason;
use super::finally::CatchUnwind;
use super::guard::{dropped_hard, uncancellable};
use super::intercept::intercept;
use super::rescue::{Rescue, rescue_at};
use super::scope::Kind;

/// How the body of [`with_resource`] ended; what its release is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// With a value.
    Ok,
    /// With an error, which is given as text.
    Err(String),
    /// With a panic, whose message is given.
    Panicked(String),
    /// It was cancelled, or timed out.
    Cancelled(Option<Reason>),
    /// It was dropped from outside, as by a `select!` that another branch has won.
    Dropped,
}

impl Exit {
    /// The body ended with a value.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Exit::Ok)
    }
}

/// Acquires a resource, lends it to a body, and releases it, whatever becomes of the body.
///
/// The release takes the resource back, is told how the body ended, and may await: it is what
/// Python's `__aexit__` is. It is not interrupted by a cancellation, but bounded by the grace. It does
/// not run when `acquire` fails. When the whole is dropped from outside, the release runs in a task
/// of its own.
///
/// # Errors
///
/// The error of `acquire`; that of the body; when the body ended well, that of the release. When both
/// body and release fail, the error of the release is logged.
///
/// # Panics
///
/// A panic of the body goes on after the release.
///
/// # Cancel safety
///
/// Dropping it leaves the release to a rescue task.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, cancel::{Exit, with_resource}};
///
/// let log = Shared::new(Vec::new());
/// let pen = log.clone();
/// let begin = async { Ok::<_, String>("connection") };
/// let end = move |_connection, exit: Exit| async move {
///     pen.update(|log| log.push(if exit.is_ok() { "COMMIT" } else { "ROLLBACK" }));
///     Ok(())
/// };
/// let body = async |connection: &mut &str| -> Result<usize, String> { Ok(connection.len()) };
/// assert_eq!(with_resource(begin, body, end).await, Ok(10));
/// assert_eq!(log.get(), ["COMMIT"]);
/// # }
/// ```
#[track_caller]
pub fn with_resource<R, T, E, A, B, C, F>(
    acquire: A,
    body: B,
    release: C,
) -> impl Future<Output = Result<T, E>>
where
    A: Future<Output = Result<R, E>>,
    B: AsyncFnOnce(&mut R) -> Result<T, E>,
    C: FnOnce(R, Exit) -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    R: Send + 'static,
    E: Display + 'static,
{
    let place = Location::caller();
    async move {
        let resource = acquire.await?;
        let mut held = Held { parts: Some((resource, release)), place, result: PhantomData };
        let ended = {
            let (resource, _) = held.parts.as_mut().expect("they are taken below");
            intercept(Kind::Finally, place, CatchUnwind { body: body(resource) }).await
        };
        let exit = match &ended {
            Ok(Ok(Ok(_))) => Exit::Ok,
            Ok(Ok(Err(error))) => Exit::Err(error.to_string()),
            Ok(Err(payload)) => Exit::Panicked(crate::task::panic_message(payload.as_ref()).to_owned()),
            Err(interruption) => Exit::Cancelled(interruption.reason().cloned()),
        };
        let (resource, release) = held.parts.take().expect("they were there a moment ago");
        let mut release = Rescue::new(release(resource, exit), place);
        match ended {
            Ok(ended) => {
                let released = uncancellable(release.run()).await;
                settle(ended, released, place)
            }
            Err(mut interruption) => {
                report(interruption.shelter(release.run()).await, place);
                interruption.pass_on().await
            }
        }
    }
}

/// A resource that has been acquired, and the way to release it.
struct Held<R, C, F, E>
where
    R: Send + 'static,
    C: FnOnce(R, Exit) -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Display + 'static,
{
    parts: Option<(R, C)>,
    place: &'static Location<'static>,
    result: PhantomData<fn() -> (F, E)>,
}

impl<R, C, F, E> Drop for Held<R, C, F, E>
where
    R: Send + 'static,
    C: FnOnce(R, Exit) -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Display + 'static,
{
    fn drop(&mut self) {
        if let Some((resource, release)) = self.parts.take()
            && !dropped_hard()
        {
            let (released, place) = (release(resource, Exit::Dropped), self.place);
            rescue_at(async move { report(released.await, place) }, place);
        }
    }
}

fn settle<T, E: Display>(
    ended: Result<Result<T, E>, Box<dyn Any + Send>>,
    released: Result<(), E>,
    place: &'static Location<'static>,
) -> Result<T, E> {
    match ended {
        Ok(Ok(value)) => released.map(|()| value),
        Ok(Err(error)) => {
            report(released, place);
            Err(error)
        }
        Err(payload) => {
            report(released, place);
            resume_unwind(payload)
        }
    }
}

fn report<E: Display>(released: Result<(), E>, place: &'static Location<'static>) {
    if let Err(error) = released {
        tracing::error!(%error, %place, "a resource was not released well");
    }
}
