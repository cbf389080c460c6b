use std::convert::Infallible;
use std::error::Error;

/// What the body and the children of a scope may end with: `()`, or a `Result` whose error can be boxed.
///
/// ```
/// use mainspring_task::combine::scope::Outcome;
///
/// assert_eq!(Ok::<_, &str>(1).outcome().unwrap(), 1);
/// assert_eq!(Err::<u8, _>("no").outcome().unwrap_err().to_string(), "no");
/// ().outcome().unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "the body or the child of a scope cannot end with `{Self}`",
    label = "neither `()` nor a `Result`",
    note = "wrap a value in `Ok::<_, E>(…)`, where `E` is an error type"
)]
pub trait Outcome: Send + 'static {
    /// What it gives when it ends well.
    type Value: Send + 'static;

    /// The value, or the error in a box.
    ///
    /// # Errors
    ///
    /// The error that is in it.
    fn outcome(self) -> Result<Self::Value, Box<dyn Error + Send + Sync>>;
}

impl Outcome for () {
    type Value = ();

    fn outcome(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

impl Outcome for Infallible {
    type Value = Infallible;

    fn outcome(self) -> Result<Infallible, Box<dyn Error + Send + Sync>> {
        match self {}
    }
}

impl<T, E> Outcome for Result<T, E>
where
    T: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    type Value = T;

    fn outcome(self) -> Result<T, Box<dyn Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}
