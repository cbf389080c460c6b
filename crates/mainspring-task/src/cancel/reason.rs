use std::fmt;
use std::sync::Arc;

/// Why a task was cancelled, in words for the one who reads the log.
///
/// ```
/// use mainspring_task::Reason;
///
/// assert_eq!(Reason::from("the client went away").to_string(), "the client went away");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(Arc<str>);

impl Reason {
    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for Reason {
    fn from(words: T) -> Self {
        Reason(words.into())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
