use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cancel::Reason;
use crate::inspect::Label;

/// Why a task ended without a value: it was cancelled, or it panicked.
///
/// Cheap to clone, so that every awaiter of a shared task gets its own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let task = mainspring_task::spawn(async { panic!("no such {}", "thing") });
/// let error = task.await.unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.panic_message(), Some("no such thing"));
/// # }
/// ```
#[derive(Clone)]
pub struct TaskError {
    inner: Arc<Inner>,
}

struct Inner {
    task: Label,
    kind: Kind,
}

enum Kind {
    Cancelled(Option<Reason>),
    Panicked { message: String, payload: Mutex<Option<Box<dyn Any + Send>>> },
}

impl TaskError {
    pub(crate) fn cancelled(task: Label, reason: Option<Reason>) -> Self {
        TaskError { inner: Arc::new(Inner { task, kind: Kind::Cancelled(reason) }) }
    }

    pub(crate) fn panicked(task: Label, payload: Box<dyn Any + Send>) -> Self {
        let message = panic_message(payload.as_ref()).to_owned();
        let kind = Kind::Panicked { message, payload: Mutex::new(Some(payload)) };
        TaskError { inner: Arc::new(Inner { task, kind }) }
    }

    /// True when the task was cancelled, or its runtime went away under it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.inner.kind, Kind::Cancelled(_))
    }

    /// True when the task's body panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.inner.kind, Kind::Panicked { .. })
    }

    /// The reason given with the cancellation, if there was one.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match &self.inner.kind {
            Kind::Cancelled(reason) => reason.as_ref(),
            Kind::Panicked { .. } => None,
        }
    }

    /// What the panic said, when its payload was text.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        match &self.inner.kind {
            Kind::Cancelled(_) => None,
            Kind::Panicked { message, .. } => Some(message),
        }
    }

    /// Takes the payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// `None` when the task was cancelled, or when a clone of this error has taken the payload.
    #[must_use]
    pub fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        match &self.inner.kind {
            Kind::Cancelled(_) => None,
            Kind::Panicked { payload, .. } => payload.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

/// What a panic said: its payload, when that is text.
///
/// For who catches panics himself; a [`TaskError`] has it already.
///
/// ```
/// use mainspring_task::task::panic_message;
///
/// let payload = std::panic::catch_unwind(|| panic!("boom")).unwrap_err();
/// assert_eq!(panic_message(&*payload), "boom");
/// ```
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a payload that is not text"
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.inner.task;
        match &self.inner.kind {
            Kind::Cancelled(None) => write!(f, "{task} was cancelled"),
            Kind::Cancelled(Some(reason)) => write!(f, "{task} was cancelled: {reason}"),
            Kind::Panicked { message, .. } => write!(f, "{task} panicked: {message}"),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskError({self})")
    }
}

impl std::error::Error for TaskError {}
