//! A body that must be small.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;

use super::extract::{FromRequest, ViaRequest};
use super::request::Request;
use crate::error::Error;
use crate::payload::Body;

/// An extractor of the body that may see `BYTES` of it at most, whatever the server's limit is.
///
/// # Errors
///
/// 413 when the body is larger; those of `T`.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Json, Limited};
///
/// #[derive(serde::Deserialize)]
/// struct Cat { name: String }
///
/// async fn meow(Limited(Json(cat)): Limited<Json<Cat>, 1024>) -> String {
///     format!("{}: Meow.", cat.name)
/// }
///
/// assert!(App::new().post("/meow", meow).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited<T, const BYTES: u64>(pub T);

impl<T: FromRequest<ViaRequest>, const BYTES: u64> FromRequest<ViaRequest> for Limited<T, BYTES> {
    async fn from_request(mut request: Request) -> Result<Self, Error> {
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = match body.len() {
            Some(length) if length > BYTES => return Err(too_large(BYTES)),
            Some(_) => body,
            None => Body::stream(Counted { body, left: BYTES, limit: BYTES }),
        };
        T::from_request(request).await.map(Self)
    }
}

/// A body that ends with an error where it is too large.
struct Counted {
    body: Body,
    left: u64,
    limit: u64,
}

impl Stream for Counted {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(piece) = ready!(Pin::new(&mut self.body).poll_next(cx)?) else { return Poll::Ready(None) };
        match self.left.checked_sub(piece.len() as u64) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(too_large(self.limit)))),
        }
        Poll::Ready(Some(Ok(piece)))
    }
}

#[cold]
fn too_large(limit: u64) -> Error {
    Error::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn read(body: Body) -> Result<Bytes, Error> {
        let mut request = Request::sample("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "");
        *request.body_mut() = body;
        let limited = Limited::<Bytes, 5>::from_request(request).now_or_never();
        limited.expect("nothing to wait for").map(|Limited(bytes)| bytes)
    }

    fn stream(pieces: &'static [&'static str]) -> Body {
        Body::stream(futures_util::stream::iter(pieces.iter().map(|piece| Ok::<_, Error>(*piece))))
    }

    #[test]
    fn a_body_up_to_the_limit_is_read() {
        assert_eq!(read("12345".into()).unwrap(), "12345");
        assert_eq!(read(stream(&["123", "45"])).unwrap(), "12345");
    }

    #[test]
    fn a_larger_one_is_a_413() {
        for body in ["123456".into(), stream(&["123", "456"])] {
            assert_eq!(read(body).unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
        }
    }
}
