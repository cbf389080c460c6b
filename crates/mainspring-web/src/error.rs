//! The error of handlers and extractors.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

use crate::response::{IntoResponse, Response};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong while a request was answered, and the status that says so to the client.
///
/// Every error type of the outside converts into it, so `?` works in a handler. Such an error is the
/// server's fault (500): its text goes to the log, never to the client. The one exception is
/// [`serde_json::Error`] that tells of bad input: it is the client's fault (400) and the client reads which
/// line and column.
///
/// An error made by [`Error::new`] with a status below 500 shows its message to the client.
///
/// It does not implement [`std::error::Error`] itself, as that would forbid the conversion from everything
/// that does; it converts into a boxed one.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Error, StatusCode};
///
/// fn parse(text: &str) -> Result<u64, Error> {
///     text.parse().map_err(|_| Error::new(StatusCode::BAD_REQUEST, "the age is not a number"))
/// }
///
/// let error = parse("ten").unwrap_err();
/// assert!(error.is_client());
/// assert_eq!(error.to_string(), "the age is not a number");
/// ```
pub struct Error {
    status: StatusCode,
    message: Option<String>,
    source: Option<BoxError>,
}

impl Error {
    /// Makes an error with a status and the message that the client reads (below 500) or the log (from 500).
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: Some(message.into()), source: None }
    }

    /// Makes a 400 error.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Makes a 500 error, whose message goes to the log.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// Makes a 404 error.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Makes an error from a boxed one: a 500, or what it was before it was boxed.
    pub fn from_boxed(source: Box<dyn StdError + Send + Sync>) -> Self {
        match source.downcast::<Boxed>() {
            Ok(boxed) => boxed.0,
            Err(source) => {
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: None, source: Some(source) }
            }
        }
    }

    /// Changes the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The status that the client gets.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The error that it was made from, when that is a `T`.
    ///
    /// ```
    /// use mainspring_web::Error;
    ///
    /// let error = Error::from(std::io::Error::other("broken"));
    /// assert!(error.source_as::<std::io::Error>().is_some());
    /// assert!(error.source_as::<std::fmt::Error>().is_none());
    /// ```
    pub fn source_as<T: StdError + 'static>(&self) -> Option<&T> {
        self.source.as_deref()?.downcast_ref()
    }

    /// Whether the request was at fault (400 to 499).
    pub fn is_client(&self) -> bool {
        self.status.is_client_error()
    }

    /// Whether the server was at fault (500 to 599).
    pub fn is_server(&self) -> bool {
        self.status.is_server_error()
    }
}

impl<E> From<E> for Error
where
    E: StdError + Send + Sync + 'static,
{
    fn from(source: E) -> Self {
        let any: &dyn std::any::Any = &source;
        if let Some(json) = any.downcast_ref::<serde_json::Error>()
            && !json.is_io()
        {
            return Self::bad_request(format!("bad JSON: {json}"));
        }
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: None, source: Some(source.into()) }
    }
}

impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        match error.source {
            Some(source) if error.message.is_none() => source,
            _ => Box::new(Boxed(error)),
        }
    }
}

/// An error on its way through code that knows only boxed ones; [`Error::from_boxed`] takes it out again.
#[derive(Debug)]
struct Boxed(Error);

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Boxed {}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if self.is_server() {
            tracing::error!(status = self.status.as_u16(), error = %self, "the handler failed");
            let reason = self.status.canonical_reason().unwrap_or("server error");
            return (self.status, reason).into_response();
        }
        (self.status, self.to_string()).into_response()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.message, &self.source) {
            (Some(message), _) => f.write_str(message)?,
            (None, Some(source)) => write!(f, "{source}")?,
            (None, None) => write!(f, "{}", self.status)?,
        }
        let mut cause = self.source.as_deref().and_then(StdError::source);
        while let Some(inner) = cause {
            write!(f, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.status)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_becomes_a_500_and_hides_its_text() {
        let error = Error::from(std::io::Error::other("the password is 1234"));
        assert!(error.is_server());
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.body().as_bytes(), Some(&b"Internal Server Error"[..]));
    }

    #[test]
    fn bad_json_becomes_a_400_that_names_line_and_column() {
        let error = Error::from(serde_json::from_str::<Vec<u64>>("[").unwrap_err());
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert!(error.to_string().contains("line 1 column 1"), "{error}");
    }

    #[test]
    fn it_comes_out_of_a_box_as_it_went_in() {
        let boxed: BoxError = Error::not_found("no such cat").into();
        assert_eq!(Error::from_boxed(boxed).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn it_converts_into_a_boxed_error() {
        let boxed: BoxError = Error::not_found("no such cat").into();
        assert_eq!(boxed.to_string(), "no such cat");
    }
}
