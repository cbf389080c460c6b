//! What a handler may give back.

use bytes::Bytes;
use http::StatusCode;

use super::response::Response;
use crate::payload::{Body, ContentType};

/// Turns a value into a [`Response`].
///
/// | value | answer |
/// |---|---|
/// | `&'static str`, `String`, [`Text`](crate::Text) | 200, `text/plain; charset=utf-8` |
/// | [`Html`](crate::Html) | 200, `text/html; charset=utf-8` |
/// | [`Json`](crate::Json) | 200, `application/json` |
/// | `Bytes`, `Vec<u8>`, `&'static [u8]` | 200, `application/octet-stream` |
/// | `()` | 200 without a body |
/// | `StatusCode` | that status without a body |
/// | `(StatusCode, T)` | the answer of `T` with that status |
/// | `Option<T>` | the answer of `T`, or 404 |
/// | `Result<T, E>` | the answer of whichever it is |
pub trait IntoResponse {
    /// Makes the answer.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for &'static str {
    #[inline]
    fn into_response(self) -> Response {
        Response::typed(ContentType::Text, self.into())
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Text, self.into())
    }
}

impl IntoResponse for &'static [u8] {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Binary, self.into())
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Binary, self.into())
    }
}

impl IntoResponse for Bytes {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Binary, self.into())
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Binary, self)
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::new(StatusCode::OK)
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

impl IntoResponse for std::convert::Infallible {
    fn into_response(self) -> Response {
        match self {}
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, T) {
    fn into_response(self) -> Response {
        self.1.into_response().with_status(self.0)
    }
}

impl<T: IntoResponse> IntoResponse for Option<T> {
    fn into_response(self) -> Response {
        match self {
            Some(value) => value.into_response(),
            None => (StatusCode::NOT_FOUND, "there is nothing here").into_response(),
        }
    }
}

impl<T: IntoResponse, E: IntoResponse> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn text_is_plain_utf8() {
        for response in ["a".into_response(), "a".to_owned().into_response()] {
            assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
        }
    }

    #[test]
    fn nothing_is_a_404() {
        assert_eq!(None::<&str>.into_response().status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_status_beside_a_value_wins() {
        assert_eq!((StatusCode::CREATED, "a").into_response().status(), StatusCode::CREATED);
    }

    #[test]
    fn an_error_answers_with_its_status() {
        let result: Result<&str, Error> = Err(Error::new(StatusCode::CONFLICT, "twice"));
        let response = result.into_response();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.body().as_bytes(), Some(&b"twice"[..]));
    }
}
