//! The error of handlers and extractors.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

use crate::response::{IntoResponse, Problem, Redirect, Response};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong while a request was answered, and the status that says so to the client.
///
/// Every error type of the outside converts into it, so `?` works in a handler. Such an error is the
/// server's fault (500): its text goes to the log, never to the client. The one exception is
/// [`serde_json::Error`] that tells of bad input: it is the client's fault (400) and the client reads which
/// line and column.
///
/// An error made by [`Error::new`] with a status below 500 shows its message to the client. An error may carry
/// headers ([`with_header`](Self::with_header)), a machine-readable description
/// ([`with_problem`](Self::with_problem)) or a whole answer ([`from_response`](Self::from_response)), so that
/// `?` also sends to the login page.
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
    answer: Option<Box<Answer>>,
}

/// What an error says to the client beyond status and message; boxed, as few errors have it.
#[derive(Default)]
struct Answer {
    headers: Vec<(Box<str>, Box<[u8]>)>,
    what: What,
}

#[derive(Default)]
enum What {
    #[default]
    Text,
    Problem(Problem),
    Response(Response),
}

impl Error {
    /// Makes an error with a status and the message that the client reads (below 500) or the log (from 500).
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: Some(message.into()), source: None, answer: None }
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
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Self { status, message: None, source: Some(source), answer: None }
            }
        }
    }

    /// Makes an error of an answer: whoever fails with it, the client gets exactly that.
    ///
    /// ```
    /// use mainspring_web::{Error, IntoResponse, Redirect, Response};
    ///
    /// async fn secret() -> Result<&'static str, Error> {
    ///     Err(Redirect::see_other("/login"))?;
    ///     Ok("the password is 1234")
    /// }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// assert_eq!(secret().await.into_response().header("location"), Some("/login"));
    /// # });
    /// ```
    pub fn from_response(response: impl IntoResponse) -> Self {
        let response = response.into_response();
        let status = response.status();
        let answer = Answer { headers: Vec::new(), what: What::Response(response) };
        Self { status, message: None, source: None, answer: Some(Box::new(answer)) }
    }

    /// Adds a header to the answer: `retry-after` or `www-authenticate`, say.
    ///
    /// A name or value that cannot stand in a header is left out, and the log says so.
    ///
    /// ```
    /// use mainspring_web::{Error, IntoResponse, StatusCode};
    ///
    /// let error = Error::new(StatusCode::SERVICE_UNAVAILABLE, "too much to do").with_header("retry-after", "5");
    /// assert_eq!(error.into_response().header("retry-after"), Some("5"));
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.answer.get_or_insert_default().headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Describes the error in a form that programs read: the client gets the [`Problem`] as JSON, with its status.
    #[must_use]
    pub fn with_problem(mut self, problem: Problem) -> Self {
        self.status = problem.status();
        self.answer.get_or_insert_default().what = What::Problem(problem);
        self
    }

    /// Changes the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        if let Some(Answer { what: What::Problem(problem), .. }) = self.answer.as_deref_mut() {
            problem.set_status(status);
        }
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
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, message: None, source: Some(source.into()), answer: None }
    }
}

impl From<Error> for BoxError {
    fn from(error: Error) -> Self {
        match error.source {
            Some(source) if error.message.is_none() && error.answer.is_none() => source,
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

impl From<Response> for Error {
    fn from(response: Response) -> Self {
        Self::from_response(response)
    }
}

impl From<Redirect> for Error {
    fn from(redirect: Redirect) -> Self {
        Self::from_response(redirect)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let message = problem.detail().or(problem.title()).unwrap_or_default().to_owned();
        Self::new(problem.status(), message).with_problem(problem)
    }
}

impl IntoResponse for Error {
    fn into_response(mut self) -> Response {
        let answer = self.answer.take();
        let given = matches!(answer.as_deref(), Some(Answer { what: What::Response(_), .. }));
        if self.is_server() && !given {
            tracing::error!(status = self.status.as_u16(), error = %self, "the handler failed");
        }
        let Some(answer) = answer else { return self.text() };
        let mut response = match answer.what {
            What::Text => self.text(),
            What::Problem(problem) => problem.into_response(),
            What::Response(response) => response.with_status(self.status),
        };
        for (name, value) in answer.headers {
            if let Err(error) = response.append(&name, value) {
                tracing::error!(%error, "a header of an error is left out");
            }
        }
        response
    }
}

impl Error {
    /// The plain answer: the message is the client's if the fault is.
    fn text(&self) -> Response {
        if self.is_server() {
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
    fn an_answer_comes_out_as_it_went_in() {
        let error = Error::from(Response::new(StatusCode::IM_A_TEAPOT).with_body("short and stout"));
        assert!(error.is_client());
        let boxed: BoxError = error.into();
        let response = Error::from_boxed(boxed).into_response();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(response.body().as_bytes(), Some(&b"short and stout"[..]));
    }

    #[test]
    fn headers_are_added_and_bad_ones_left_out() {
        let error = Error::new(StatusCode::UNAUTHORIZED, "who are you?")
            .with_header("www-authenticate", "Basic")
            .with_header("www-authenticate", "Bearer")
            .with_header("x-bad", "a\r\nb: c");
        let response = error.into_response();
        let names: Vec<_> = response.headers().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["content-type", "www-authenticate", "www-authenticate"]);
    }

    #[test]
    fn a_problem_is_sent_as_json_with_its_status() {
        let problem = Problem::new(StatusCode::CONFLICT).with_detail("the name is taken");
        let error = Error::from(problem);
        assert_eq!(error.to_string(), "the name is taken");
        let response = error.with_status(StatusCode::GONE).into_response();
        assert_eq!(response.status(), StatusCode::GONE);
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        let body = std::str::from_utf8(response.body().as_bytes().unwrap()).unwrap();
        assert!(body.contains("\"status\":410"), "{body}");
    }

    #[test]
    fn it_is_small_enough_to_be_returned_by_value() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
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
