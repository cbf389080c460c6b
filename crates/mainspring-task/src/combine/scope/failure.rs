use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::inspect::Label;
use crate::task::TaskError;

/// Why a child of a scope, or its body, did not end well. Cheap to clone.
///
/// Its source is the error that the child ended with.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::io;
/// use mainspring_task::scope;
///
/// let failed = scope(async |s| {
///     s.spawn(async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) });
/// });
/// let error = failed.await.unwrap_err();
/// let cause = error.errors()[0].downcast_ref::<io::Error>().unwrap();
/// assert_eq!(cause.kind(), io::ErrorKind::NotFound);
/// # }
/// ```
#[derive(Clone)]
pub struct Failure {
    cause: Arc<Cause>,
}

enum Cause {
    /// A child ended with an error.
    Child(Label, Box<dyn Error + Send + Sync>),
    /// The body ended with an error.
    Body(&'static Location<'static>, Box<dyn Error + Send + Sync>),
    /// A child panicked or was cancelled.
    Task(TaskError),
    Refused(&'static Location<'static>),
    NotReady(&'static Location<'static>),
}

impl Failure {
    pub(super) fn of_child(task: Label, error: Box<dyn Error + Send + Sync>) -> Self {
        Self::new(Cause::Child(task, error))
    }

    pub(super) fn of_body(place: &'static Location<'static>, error: Box<dyn Error + Send + Sync>) -> Self {
        Self::new(Cause::Body(place, error))
    }

    pub(super) fn of_task(error: TaskError) -> Self {
        Self::new(Cause::Task(error))
    }

    pub(super) fn refused(place: &'static Location<'static>) -> Self {
        Self::new(Cause::Refused(place))
    }

    pub(super) fn not_ready(place: &'static Location<'static>) -> Self {
        Self::new(Cause::NotReady(place))
    }

    fn new(cause: Cause) -> Self {
        Failure { cause: Arc::new(cause) }
    }

    pub(super) fn is_the_same_as(&self, other: &Failure) -> bool {
        Arc::ptr_eq(&self.cause, &other.cause)
    }

    /// A child panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(&*self.cause, Cause::Task(error) if error.is_panic())
    }

    /// A child was cancelled. Seen by who awaits it, and never in a [`ScopeError`](super::ScopeError).
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.downcast_ref::<TaskError>().is_some_and(TaskError::is_cancelled)
    }

    /// The child never ran: the scope had failed, was being cancelled, or had ended.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(&*self.cause, Cause::Refused(_))
    }

    /// The child ended well without having said that it is [ready](super::Ready::ready).
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        matches!(&*self.cause, Cause::NotReady(_))
    }

    /// The error that the child or the body ended with, if it is of this type.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.source()?.downcast_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.cause {
            Cause::Child(task, error) => write!(f, "{task} failed: {error}"),
            Cause::Body(place, error) => write!(f, "the body of the scope ({place}) failed: {error}"),
            Cause::Task(error) => error.fmt(f),
            Cause::Refused(place) => {
                write!(f, "the scope took no more tasks when one was spawned at {place}")
            }
            Cause::NotReady(place) => write!(f, "the task started at {place} ended before it was ready"),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.cause {
            Cause::Child(_, error) | Cause::Body(_, error) => Some(&**error),
            Cause::Task(error) => Some(error),
            Cause::Refused(_) | Cause::NotReady(_) => None,
        }
    }
}
