use std::error::Error;
use std::fmt;

use super::Failure;

/// Everything that failed in a scope: at least one failure, in the order in which they came.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed = mainspring_task::scope(async |s| {
///     s.spawn(async { Err::<(), _>("disk full") });
/// });
/// let error = failed.await.unwrap_err();
/// assert_eq!(error.errors().len(), 1);
/// assert!(error.to_string().ends_with("disk full"));
/// # }
/// ```
#[derive(Clone)]
pub struct ScopeError {
    failures: Vec<Failure>,
}

impl ScopeError {
    /// `None` when nothing failed.
    pub(super) fn of(failures: Vec<Failure>) -> Option<Self> {
        (!failures.is_empty()).then_some(ScopeError { failures })
    }

    /// All failures.
    #[must_use]
    pub fn errors(&self) -> &[Failure] {
        &self.failures
    }

    /// All failures, by value.
    #[must_use]
    pub fn into_errors(self) -> Vec<Failure> {
        self.failures
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failures[..] {
            [only] => write!(f, "a scope failed: {only}"),
            failures => {
                write!(f, "a scope failed with {} errors", failures.len())?;
                failures.iter().enumerate().try_for_each(|(index, failure)| {
                    write!(f, "{} [{}] {failure}", if index == 0 { ":" } else { ";" }, index + 1)
                })
            }
        }
    }
}

impl fmt::Debug for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeError({self})")
    }
}

impl Error for ScopeError {
    /// The first failure.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failures.first().map(|first| first as _)
    }
}
