//! The headers as an extractor.

use super::extract::FromRequestParts;
use super::request::Request;
use crate::error::Error;
use crate::http1::{Fields, Head};

/// The headers of a request; shares the bytes of the head.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Headers};
///
/// async fn agent(headers: Headers) -> String {
///     headers.first("user-agent").unwrap_or("unknown").to_owned()
/// }
///
/// assert!(App::new().get("/agent", agent).build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Headers(Head);

impl Headers {
    /// The first value of this name that is text; case does not matter in the name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.header(name)
    }

    /// All headers in order.
    pub fn iter(&self) -> Fields<'_> {
        self.0.fields()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Fields<'a>;

    fn into_iter(self) -> Fields<'a> {
        self.iter()
    }
}

impl FromRequestParts for Headers {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(Self(request.head().clone()))
    }
}
