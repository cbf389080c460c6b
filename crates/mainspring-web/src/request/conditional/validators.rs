//! What the server knows about the version it would serve.

use super::date::HttpDate;
use super::etag::ETag;
use crate::error::Error;
use crate::response::Response;

/// What tells one version of a resource from another: its tag, its date, or that there is none yet.
///
/// # Examples
///
/// ```
/// use mainspring_web::conditional::{ETag, Validators};
/// use mainspring_web::IntoResponse;
///
/// let validators = Validators::new().with_etag(ETag::strong("v1").unwrap());
/// let response = validators.apply("Meow.".into_response()).unwrap();
/// assert_eq!(response.header("etag"), Some("\"v1\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validators {
    pub(super) exists: bool,
    pub(super) etag: Option<ETag>,
    pub(super) last_modified: Option<HttpDate>,
}

impl Validators {
    /// A resource that exists, of which nothing else is known.
    pub fn new() -> Self {
        Self { exists: true, etag: None, last_modified: None }
    }

    /// A resource that does not exist: `If-Match: *` fails, `If-None-Match: *` does not.
    pub fn absent() -> Self {
        Self { exists: false, ..Self::new() }
    }

    /// Sets the tag.
    #[must_use]
    pub fn with_etag(mut self, etag: ETag) -> Self {
        self.etag = Some(etag);
        self
    }

    /// Sets the date of the last change.
    #[must_use]
    pub fn with_last_modified(mut self, date: impl Into<HttpDate>) -> Self {
        self.last_modified = Some(date.into());
        self
    }

    /// The tag.
    pub fn etag(&self) -> Option<&ETag> {
        self.etag.as_ref()
    }

    /// The date of the last change.
    pub fn last_modified(&self) -> Option<HttpDate> {
        self.last_modified
    }

    /// Writes `etag` and `last-modified` into an answer; whole answers and 304 carry the same.
    ///
    /// # Errors
    ///
    /// None that [`ETag`]'s own checks let through.
    pub fn apply(&self, mut response: Response) -> Result<Response, Error> {
        if let Some(etag) = &self.etag {
            response.insert("etag", etag.to_string())?;
        }
        if let Some(date) = self.last_modified {
            response.insert("last-modified", date.to_string())?;
        }
        Ok(response)
    }
}

impl Default for Validators {
    fn default() -> Self {
        Self::new()
    }
}
