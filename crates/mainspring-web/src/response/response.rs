//! The answer to a request.

use std::future::Future;

use http::{Extensions, StatusCode};

use crate::error::Error;
use crate::extensions::Attached;
use crate::http1::{Fields, is_token, is_value};
use crate::payload::{Body, ContentType, Upgraded};

/// An answer: a status, headers and a body.
///
/// Headers are kept as they go over the wire, so that writing them is one copy. The engine itself writes
/// `content-length`, `date`, `connection` and `transfer-encoding`; they cannot be set.
///
/// # Examples
///
/// ```
/// use mainspring_web::{IntoResponse, Response, StatusCode};
///
/// let response = Response::new(StatusCode::SEE_OTHER).with_header("location", "/cats").unwrap();
/// assert_eq!(response.header("Location"), Some("/cats"));
/// assert!(response.with_header("x-name", "a\r\nset-cookie: b").is_err());
/// ```
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    content_type: Option<ContentType>,
    close: bool,
    lines: Vec<u8>,
    body: Body,
    extensions: Attached,
}

impl Response {
    /// An answer without headers and body.
    #[inline]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            content_type: None,
            close: false,
            lines: Vec::new(),
            body: Body::empty(),
            extensions: Attached::none(),
        }
    }

    /// An answer that hands the connection over to another protocol: `101 Switching Protocols`.
    ///
    /// Once its head is out, `speak` gets the connection and runs as a part of the connection's task. Only an
    /// HTTP/1.1 request that asked for the same protocol may be answered so; any other gets a 500.
    ///
    /// # Errors
    ///
    /// When `protocol` cannot be the value of a header.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{Error, Response, Upgraded};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// async fn echo() -> Result<Response, Error> {
    ///     Response::upgrade("echo", async |mut connection: Upgraded| {
    ///         let mut byte = [0];
    ///         while connection.read_exact(&mut byte).await.is_ok() {
    ///             if connection.write_all(&byte).await.is_err() {
    ///                 break;
    ///             }
    ///         }
    ///     })
    /// }
    /// ```
    pub fn upgrade<F, Fut>(protocol: &str, speak: F) -> Result<Self, Error>
    where
        F: FnOnce(Upgraded) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let body = Body::upgrade(Box::new(move |connection| Box::pin(speak(connection))));
        Self::new(StatusCode::SWITCHING_PROTOCOLS).with_body(body).with_header("upgrade", protocol)
    }

    #[inline]
    pub(crate) fn typed(content_type: ContentType, body: Body) -> Self {
        Self { content_type: Some(content_type), body, ..Self::new(StatusCode::OK) }
    }

    /// Changes the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Changes the status.
    pub fn set_status(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// Sets a header, in the place of all of the same name.
    ///
    /// # Errors
    ///
    /// When the name is no token, the value holds a control byte, or the engine itself writes that header.
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.insert(name, value)?;
        Ok(self)
    }

    /// Changes the body; headers stay as they are.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Puts another body in the place of this one; headers stay as they are.
    ///
    /// Around an [endless](Body::endless) body, a stream is endless too.
    #[must_use]
    pub fn map_body(mut self, change: impl FnOnce(Body) -> Body) -> Self {
        let body = std::mem::take(&mut self.body);
        let end = body.end();
        self.body = change(body).with_end(end);
        self
    }

    /// Asks for the connection to end after this answer.
    #[must_use]
    pub fn with_close(mut self) -> Self {
        self.close = true;
        self
    }

    /// Sets a header, in the place of all of the same name.
    ///
    /// # Errors
    ///
    /// When the name is no token, the value holds a control byte, or the engine itself writes that header.
    pub fn insert(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        check(name, value.as_ref())?;
        self.remove(name);
        self.push(name, value.as_ref());
        Ok(())
    }

    /// Adds a header beside those of the same name (`set-cookie`, say).
    ///
    /// # Errors
    ///
    /// When the name is no token, the value holds a control byte, or the engine itself writes that header.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        check(name, value.as_ref())?;
        if name.eq_ignore_ascii_case("content-type") {
            self.remove(name);
        }
        self.push(name, value.as_ref());
        Ok(())
    }

    /// Sets a header that the crate itself has made, in the place of all of the same name.
    pub(crate) fn set(&mut self, name: &str, value: &[u8]) {
        debug_assert!(check(name, value).is_ok(), "{name}");
        if !self.lines.is_empty() || self.content_type.is_some() && name.eq_ignore_ascii_case("content-type")
        {
            self.remove(name);
        }
        self.push(name, value);
    }

    /// Adds a header that the crate itself has made.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) {
        debug_assert!(check(name, value).is_ok(), "{name}");
        self.push(name, value);
    }

    /// Removes all headers of this name.
    pub fn remove(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("content-type") {
            self.content_type = None;
        }
        if self.header_bytes(name).is_none() {
            return;
        }
        let old = std::mem::take(&mut self.lines);
        for (other, value) in Fields::new(&old).filter(|(other, _)| !other.eq_ignore_ascii_case(name)) {
            self.push(other, value);
        }
    }

    /// The status.
    #[inline]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The first header of this name whose value is text; case does not matter in the name.
    pub fn header(&self, name: &str) -> Option<&str> {
        match self.content_type {
            Some(kind) if name.eq_ignore_ascii_case("content-type") => Some(kind.as_str()),
            _ => std::str::from_utf8(self.header_bytes(name)?).ok(),
        }
    }

    /// The body.
    #[inline]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The body, to read from it or to put another in its place.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// All headers but those that the engine writes, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let typed = self.content_type.map(|kind| ("content-type", kind.as_str().as_bytes()));
        typed.into_iter().chain(Fields::new(&self.lines))
    }

    /// What handlers leave for middlewares, by type; no part of what is sent.
    pub fn extensions(&self) -> &Extensions {
        self.extensions.all()
    }

    /// The same, to leave something.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions.all_mut()
    }

    /// Takes the body out.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Whether the connection ends after this answer.
    pub fn closes(&self) -> bool {
        self.close
    }

    #[inline]
    pub(crate) fn content_type(&self) -> Option<ContentType> {
        self.content_type
    }

    /// The headers as they go over the wire, beside the content type.
    #[inline]
    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// The first value of this name, whatever its bytes are.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        match self.content_type {
            Some(kind) if name.eq_ignore_ascii_case("content-type") => Some(kind.as_str().as_bytes()),
            _ => self.header_bytes(name),
        }
    }

    fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        Fields::new(&self.lines).find(name)
    }

    fn push(&mut self, name: &str, value: &[u8]) {
        let length = name.len() + value.len() + 4;
        if self.lines.capacity() == 0 {
            self.lines = Vec::with_capacity(length.max(FIRST_LINES));
        }
        self.lines.reserve(length);
        self.lines.extend_from_slice(name.as_bytes());
        self.lines.extend_from_slice(b": ");
        self.lines.extend_from_slice(value.trim_ascii());
        self.lines.extend_from_slice(b"\r\n");
    }
}

/// What the first header reserves: two or three of them.
const FIRST_LINES: usize = 128;

fn check(name: &str, value: &[u8]) -> Result<(), Error> {
    const OURS: [&str; 4] = ["content-length", "date", "connection", "transfer-encoding"];
    let wrong = |what: String| Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, what));
    if !is_token(name.as_bytes()) {
        return wrong(format!("the header name {name:?} is no token"));
    }
    if !is_value(value) {
        return wrong(format!("the value of the header {name} holds a control byte"));
    }
    if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        return wrong(format!("the header {name} is written by the engine"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::IntoResponse;

    #[test]
    fn insert_replaces_all_of_the_same_name() {
        let mut response = Response::new(StatusCode::OK);
        response.append("X-A", "1").unwrap();
        response.append("x-b", "2").unwrap();
        response.append("x-a", "3").unwrap();
        response.insert("x-a", "4").unwrap();
        assert_eq!(response.lines(), b"x-b: 2\r\nx-a: 4\r\n");
    }

    #[test]
    fn a_content_type_replaces_that_of_the_body() {
        let response = "<p>".into_response().with_header("Content-Type", "text/html").unwrap();
        assert_eq!(response.header("content-type"), Some("text/html"));
        assert_eq!(response.content_type(), None);
    }

    #[test]
    fn line_breaks_cannot_be_injected() {
        let mut response = Response::new(StatusCode::OK);
        assert!(response.append("x-a", "1\r\nx-b: 2").is_err());
        assert!(response.append("x-a\r\nx-b", "2").is_err());
        assert!(response.append("x-a", "1\n").is_err());
        assert_eq!(response.lines(), b"");
    }

    #[test]
    fn headers_of_the_engine_cannot_be_set() {
        for name in ["Content-Length", "date", "Connection", "transfer-encoding"] {
            assert!(Response::new(StatusCode::OK).with_header(name, "1").is_err(), "{name}");
        }
    }
}
