use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::State;
use super::circuit::{Cause, Refusal};
use crate::task::TaskError;

/// A breaker did not let a call through. Cheap to clone.
///
/// ```
/// use mainspring_task::retry::Breaker;
///
/// let breaker = Breaker::new("payments").consecutive(1);
/// breaker.permit().unwrap().failure();
/// let refused = breaker.permit().unwrap_err();
/// assert_eq!(refused.breaker(), "payments");
/// assert!(refused.to_string().starts_with("breaker `payments` is open (a failure), a probe may pass in "));
/// ```
#[derive(Clone)]
pub struct Refused {
    breaker: Arc<str>,
    state: State,
    cause: Cause,
    retry_after: Duration,
}

impl Refused {
    pub(super) fn new(breaker: &Arc<str>, refusal: Refusal) -> Self {
        let Refusal { state, cause, retry_after } = refusal;
        Refused { breaker: Arc::clone(breaker), state, cause, retry_after }
    }

    /// The name of the breaker.
    #[must_use]
    pub fn breaker(&self) -> &str {
        &self.breaker
    }

    /// [`Open`](State::Open), or [`HalfOpen`](State::HalfOpen) when all probes were under way.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// The time after which a probe may pass: what to tell a client in `Retry-After`.
    ///
    /// A half-open breaker may let one through before that, when a probe ends.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { breaker, state, cause, retry_after } = self;
        write!(f, "breaker `{breaker}` is {state} ({cause}), a probe may pass in {retry_after:?}")
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({self})")
    }
}

impl Error for Refused {}

/// Why a call behind a breaker gave no value: it was [refused](Refused), or it failed by itself.
///
/// Reads as the call's own error when there is one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::retry::Breaker;
///
/// let breaker = Breaker::new("payments").consecutive(1);
/// let failed = breaker.call(async || Err::<(), _>("no money")).await.unwrap_err();
/// assert_eq!(failed.into_inner(), Some("no money"));
/// let refused = breaker.call(async || Ok::<_, &str>(())).await.unwrap_err();
/// assert!(refused.is_open());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BreakerError<E> {
    kind: Kind<E>,
}

#[derive(Debug, Clone)]
enum Kind<E> {
    Refused(Refused),
    Inner(E),
}

impl<E> BreakerError<E> {
    pub(super) fn inner_error(error: E) -> Self {
        BreakerError { kind: Kind::Inner(error) }
    }

    /// True when the call was not made, because the breaker is open, or half-open with all probes
    /// under way.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.refused().is_some()
    }

    /// How the breaker refused the call, if it did.
    #[must_use]
    pub fn refused(&self) -> Option<&Refused> {
        match &self.kind {
            Kind::Refused(refused) => Some(refused),
            Kind::Inner(_) => None,
        }
    }

    /// The error of the call, if it was made.
    #[must_use]
    pub fn inner(&self) -> Option<&E> {
        match &self.kind {
            Kind::Refused(_) => None,
            Kind::Inner(error) => Some(error),
        }
    }

    /// The error of the call, if it was made.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self.kind {
            Kind::Refused(_) => None,
            Kind::Inner(error) => Some(error),
        }
    }

    /// One type for both: the error of the call, or what it makes of a refusal.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use mainspring_task::retry::{Breaker, BreakerError};
    ///
    /// let breaker = Breaker::new("payments");
    /// let paid = breaker.call(async || Ok::<_, Box<dyn std::error::Error + Send + Sync>>(100)).await;
    /// assert_eq!(paid.map_err(BreakerError::flatten)?, 100);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn flatten(self) -> E
    where
        E: From<Refused>,
    {
        match self.kind {
            Kind::Refused(refused) => refused.into(),
            Kind::Inner(error) => error,
        }
    }
}

impl<E> From<Refused> for BreakerError<E> {
    fn from(refused: Refused) -> Self {
        BreakerError { kind: Kind::Refused(refused) }
    }
}

/// Calls may be gathered with others, whose tasks may end without a value.
impl<E: From<TaskError>> From<TaskError> for BreakerError<E> {
    fn from(error: TaskError) -> Self {
        BreakerError::inner_error(error.into())
    }
}

impl<E: fmt::Display> fmt::Display for BreakerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Refused(refused) => refused.fmt(f),
            Kind::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for BreakerError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Refused(_) => None,
            Kind::Inner(error) => error.source(),
        }
    }
}
