use crate::{BoxError, Result};

/// What a closure or a handler may return: nothing, or a result with any error.
///
/// ```
/// use mainspring_service::Outcome;
///
/// assert!(().into_result().is_ok());
/// assert!(Err::<(), _>("refused").into_result().is_err());
/// ```
pub trait Outcome: Send + 'static {
    /// The same as a [`Result`].
    ///
    /// # Errors
    ///
    /// When the value is an error.
    fn into_result(self) -> Result;
}

impl Outcome for () {
    fn into_result(self) -> Result {
        Ok(())
    }
}

impl<E> Outcome for Result<(), E>
where
    E: Into<BoxError> + Send + 'static,
{
    fn into_result(self) -> Result {
        self.map_err(Into::into)
    }
}
