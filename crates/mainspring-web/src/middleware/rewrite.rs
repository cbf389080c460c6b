//! Changes of a request's head on its way through middlewares.

use bytes::Bytes;
use http::StatusCode;

use crate::error::Error;
use crate::http1::{Head, Span, is_token, is_value};
use crate::request::Request;

impl Request {
    /// Sets a header, in the place of all of the same name: what follows sees it as if the client had sent it.
    ///
    /// It copies the head; to hand a value on to handlers, [`extensions_mut`](Self::extensions_mut) is cheaper.
    ///
    /// # Errors
    ///
    /// When the name is no token or the value holds a control byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Error, Next, Request, Response};
    ///
    /// async fn tenant(mut request: Request, next: Next) -> Result<Response, Error> {
    ///     request.insert("x-tenant", "cats")?;
    ///     Ok(next.run(request).await)
    /// }
    /// # assert!(App::new().middleware(tenant).get("/", || async {}).build().is_ok());
    /// ```
    pub fn insert(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
        let value = value.as_ref();
        check(name, value)?;
        self.head_mut().rewrite(&[name], Some((name, value)));
        Ok(())
    }

    /// Removes all headers of this name, for what follows.
    pub fn remove(&mut self, name: &str) {
        if self.head().fields().find(name).is_some() {
            self.head_mut().rewrite(&[name], None);
        }
    }
}

/// Whether a request may carry a header.
pub(super) fn check(name: &str, value: &[u8]) -> Result<(), Error> {
    let wrong = |what: String| Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, what));
    if !is_token(name.as_bytes()) {
        return wrong(format!("the header name {name:?} is no token"));
    }
    if !is_value(value) {
        return wrong(format!("the value of the header {name} holds a control byte"));
    }
    Ok(())
}

impl Head {
    /// Writes the lines anew, without some headers and with another one at the end.
    pub(crate) fn rewrite(&mut self, without: &[&str], with: Option<(&str, &[u8])>) {
        let added = with.map_or(0, |(name, value)| name.len() + value.len() + 4);
        let mut bytes = Vec::with_capacity(self.bytes.len() + added);
        bytes.extend_from_slice(self.bytes.get(..self.lines as usize).unwrap_or_default());
        let mut content_type = Span::default();
        let kept = self.fields().filter(|(name, _)| !without.iter().any(|it| it.eq_ignore_ascii_case(name)));
        for (name, value) in kept.chain(with) {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            let start = bytes.len();
            bytes.extend_from_slice(value);
            if name.eq_ignore_ascii_case("content-type") && content_type.is_empty() {
                content_type = Span::new(start, bytes.len());
            }
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        self.bytes = Bytes::from(bytes);
        self.content_type = content_type;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "POST /a?b HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nContent-Type: text/plain\r\nx-one: 2\r\n\r\n";

    #[test]
    fn a_header_is_set_in_the_place_of_all_of_its_name() {
        let mut request = Request::sample(HEAD, "");
        request.insert("X-ONE", "3").expect("it is valid");
        let all: Vec<_> = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("x-one")).collect();
        assert_eq!(all, [("X-ONE", &b"3"[..])]);
        assert_eq!((request.path(), request.query(), request.host()), ("/a", Some("b"), Some("a")));
        assert_eq!(request.content_type(), Some("text/plain"));
    }

    #[test]
    fn a_content_type_that_is_set_is_the_one_that_extractors_see() {
        let mut request = Request::sample(HEAD, "");
        request.insert("content-type", "application/json").expect("it is valid");
        assert_eq!(request.content_type(), Some("application/json"));
        request.remove("Content-Type");
        assert_eq!(request.content_type(), None);
        assert_eq!(request.header("host"), Some("a"));
    }

    #[test]
    fn a_line_cannot_be_smuggled_into_a_request() {
        let mut request = Request::sample(HEAD, "");
        assert!(request.insert("x-two", "1\r\nx-three: 2").is_err());
        assert!(request.insert("x two", "1").is_err());
    }
}
