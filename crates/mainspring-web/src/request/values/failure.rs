//! Why a value could not be read.

use std::fmt;

/// Why a value could not be read; names the value.
#[derive(Debug)]
pub(crate) struct Failure(pub(super) String);

impl serde::de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
