//! Typed headers, both ways.

use headers::{HeaderMap, HeaderMapExt};
use http::{HeaderName, HeaderValue, StatusCode};

use super::extract::{FromRequestParts, OptionalFromRequestParts};
use super::request::Request;
use crate::error::Error;
use crate::response::{Response, ResponsePart};

/// A header with a meaning, of the `headers` crate or your own: taken from a request, or a part of an answer.
///
/// # Errors
///
/// 400 when it is missing or malformed; the message names it. Take an `Option<Header<T>>` where it may be
/// missing.
///
/// # Examples
///
/// ```
/// use mainspring_web::headers::{CacheControl, UserAgent};
/// use mainspring_web::{App, Header, IntoResponse};
///
/// async fn agent(Header(agent): Header<UserAgent>) -> impl IntoResponse {
///     (Header(CacheControl::new().with_no_store()), agent.to_string())
/// }
///
/// assert!(App::new().get("/agent", agent).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<T>(pub T);

impl<T: headers::Header + Send> FromRequestParts for Header<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        read(request)?
            .map(Self)
            .ok_or_else(|| Error::bad_request(format!("the header `{}` is missing", T::name())))
    }
}

impl<T: headers::Header + Send> OptionalFromRequestParts for Header<T> {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        Ok(read(request)?.map(Self))
    }
}

fn read<T: headers::Header>(request: &Request) -> Result<Option<T>, Error> {
    let name: &HeaderName = T::name();
    let bad = || Error::bad_request(format!("the header `{name}` is malformed"));
    let fields = request.headers().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_str()));
    let values: Result<Vec<_>, _> = fields.map(|(_, value)| HeaderValue::from_bytes(value)).collect();
    let values = values.map_err(|_| bad())?;
    if values.is_empty() {
        return Ok(None);
    }
    T::decode(&mut values.iter()).map(Some).map_err(|_| bad())
}

impl<T: headers::Header> ResponsePart for Header<T> {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        headers.typed_insert(self.0);
        if headers.is_empty() {
            let message = format!("the header `{}` has no value", T::name());
            return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        headers.apply(response)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use headers::{CacheControl, ContentLength, UserAgent};

    use super::*;
    use crate::response::IntoResponse;

    fn read<T: headers::Header + Send>(line: &str) -> Result<Option<T>, Error> {
        let mut request = Request::sample(&format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n"), "");
        let header = Option::<Header<T>>::from_request_parts(&mut request).now_or_never();
        header.expect("nothing to wait for").map(|header| header.map(|Header(value)| value))
    }

    #[test]
    fn a_header_is_read() {
        let agent: UserAgent = read("User-Agent: cat/1\r\n").unwrap().unwrap();
        assert_eq!(agent.as_str(), "cat/1");
    }

    #[test]
    fn a_missing_header_is_none_or_a_400_that_names_it() {
        assert!(read::<UserAgent>("").unwrap().is_none());
        let mut request = Request::sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
        let header = Header::<UserAgent>::from_request_parts(&mut request).now_or_never();
        let error = header.expect("nothing to wait for").unwrap_err();
        assert_eq!(error.to_string(), "the header `user-agent` is missing");
        assert!(error.is_client());
    }

    #[test]
    fn a_bad_header_is_no_absence() {
        let error = read::<headers::IfModifiedSince>("If-Modified-Since: yesterday\r\n").unwrap_err();
        assert_eq!(error.to_string(), "the header `if-modified-since` is malformed");
    }

    #[test]
    fn a_header_is_a_part_of_an_answer() {
        let response = (Header(CacheControl::new().with_no_store()), "a").into_response();
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }

    #[test]
    fn a_header_of_the_engine_makes_a_500() {
        let response = (Header(ContentLength(7)), "a").into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
