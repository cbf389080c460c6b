//! What a handler may give back.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::response::Response;
use crate::error::BoxError;
use crate::payload::{Body, ContentType};

/// Turns a value into a [`Response`].
///
/// | value | answer |
/// |---|---|
/// | `&'static str`, `String`, `Box<str>`, `Cow<'static, str>`, [`Text`](crate::Text) | 200, `text/plain; charset=utf-8` |
/// | [`Html`](crate::Html) | 200, `text/html; charset=utf-8` |
/// | [`Json`](crate::Json), [`JsonLines`](crate::JsonLines), [`Form`](crate::Form) | 200, their types |
/// | `Bytes`, `BytesMut`, `Vec<u8>`, `Box<[u8]>`, arrays and static slices of bytes | 200, `application/octet-stream` |
/// | [`Body`], [`Streaming`](crate::Streaming) | 200, `application/octet-stream`, piece by piece |
/// | `()` | 200 without a body |
/// | `StatusCode` | that status without a body |
/// | [`NoContent`](crate::NoContent), [`Created`](crate::Created), [`Redirect`](crate::Redirect) | what their names say |
/// | `(parts…, T)` | the answer of `T`, changed by up to four [parts](crate::ResponsePart): status, headers, cookies |
/// | `Option<T>` | the answer of `T`, or 404 |
/// | `Result<T, E>` | the answer of whichever it is |
/// | [`Error`](crate::Error), [`Problem`](crate::Problem) | their status, and what went wrong |
/// | [`Payload`](crate::payload::Payload) | what the registry makes of a value known only at run time |
/// | `http::Response<B>` | the same of the `http` crate |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer",
    label = "does not implement `IntoResponse`",
    note = "wrap what implements `Serialize` in `Json(…)`; before a value may stand a status and headers, in a tuple"
)]
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

impl IntoResponse for Box<str> {
    fn into_response(self) -> Response {
        String::from(self).into_response()
    }
}

impl IntoResponse for Cow<'static, str> {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Text, self.into())
    }
}

impl IntoResponse for Box<[u8]> {
    fn into_response(self) -> Response {
        Vec::from(self).into_response()
    }
}

impl IntoResponse for BytesMut {
    fn into_response(self) -> Response {
        self.freeze().into_response()
    }
}

impl<const N: usize> IntoResponse for [u8; N] {
    fn into_response(self) -> Response {
        Vec::from(self).into_response()
    }
}

impl<const N: usize> IntoResponse for &'static [u8; N] {
    fn into_response(self) -> Response {
        self.as_slice().into_response()
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

impl<B> IntoResponse for http::Response<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    fn into_response(self) -> Response {
        Response::from_http(self)
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
        let boxed: Box<str> = "a".into();
        let all = ["a".into_response(), "a".to_owned().into_response(), Cow::Borrowed("a").into_response()];
        for response in all.into_iter().chain([boxed.into_response()]) {
            assert_eq!(response.body().as_bytes(), Some(&b"a"[..]));
            assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
        }
    }

    #[test]
    fn bytes_are_binary() {
        let boxed: Box<[u8]> = vec![1, 2].into();
        let all = [
            b"\x01\x02".into_response(),
            [1, 2].into_response(),
            BytesMut::from(&[1, 2][..]).into_response(),
        ];
        for response in all.into_iter().chain([boxed.into_response()]) {
            assert_eq!(response.header("content-type"), Some("application/octet-stream"));
            assert_eq!(response.body().as_bytes(), Some(&[1, 2][..]));
        }
    }

    #[test]
    fn an_answer_of_the_http_crate_is_one() {
        let response = http::Response::builder().status(StatusCode::ACCEPTED).body(Body::from("a")).unwrap();
        assert_eq!(response.into_response().status(), StatusCode::ACCEPTED);
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
