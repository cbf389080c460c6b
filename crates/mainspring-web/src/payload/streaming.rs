//! Streams as answers.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;
use pin_project_lite::pin_project;
use serde::Serialize;

use super::body::Body;
use super::content_type::ContentType;
use crate::error::Error;
use crate::response::{IntoResponse, Response};

/// An answer whose body comes piece by piece from a stream of `Result<impl Into<Bytes>, impl Into<Error>>`.
///
/// The head goes out before the first piece, so an error of the stream can only end the connection; that is how
/// the client sees that the body is not whole. The type is `application/octet-stream`, unless a header says
/// otherwise.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Error, IntoResponse, Streaming};
///
/// async fn count() -> impl IntoResponse {
///     let lines = futures_util::stream::iter((0..3).map(|n| Ok::<_, Error>(format!("{n}\n"))));
///     ([("content-type", "text/plain")], Streaming(lines))
/// }
///
/// assert!(mainspring_web::App::new().get("/count", count).build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Streaming<S>(pub S);

impl<S, T, E> IntoResponse for Streaming<S>
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    T: Into<Bytes>,
    E: Into<Error>,
{
    fn into_response(self) -> Response {
        Body::stream(self.0).into_response()
    }
}

/// An answer of one JSON document per line (`application/x-ndjson`), from a stream of
/// `Result<impl Serialize, impl Into<Error>>`.
///
/// Each line goes out as soon as it is there. An error ends the connection, as with [`Streaming`].
///
/// # Examples
///
/// ```
/// use mainspring_web::{Error, IntoResponse, JsonLines};
///
/// async fn squares() -> impl IntoResponse {
///     JsonLines(futures_util::stream::iter((1..=3).map(|n| Ok::<_, Error>(n * n))))
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let response = squares().await.into_response();
/// assert_eq!(response.into_body().collect().await.unwrap(), "1\n4\n9\n");
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct JsonLines<S>(pub S);

impl<S, T, E> IntoResponse for JsonLines<S>
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    T: Serialize,
    E: Into<Error>,
{
    fn into_response(self) -> Response {
        Response::typed(ContentType::JsonLines, Body::stream(Lines { values: self.0 }))
    }
}

pin_project! {
    struct Lines<S> {
        #[pin]
        values: S,
    }
}

impl<S, T, E> Stream for Lines<S>
where
    S: Stream<Item = Result<T, E>>,
    T: Serialize,
    E: Into<Error>,
{
    type Item = Result<Vec<u8>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.project().values.poll_next(cx));
        Poll::Ready(next.map(|value| line(&value.map_err(Into::into)?)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut line = Vec::with_capacity(128);
    serde_json::to_writer(&mut line, value).map_err(|error| {
        Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the line is no JSON: {error}"))
    })?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[tokio::test]
    async fn each_value_is_a_line() {
        let values = [Ok::<_, Error>("a\nb"), Ok("c")];
        let response = JsonLines(futures_util::stream::iter(values)).into_response();
        assert_eq!(response.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(response.into_body().collect().await.unwrap(), "\"a\\nb\"\n\"c\"\n");
    }

    #[tokio::test]
    async fn an_error_comes_after_the_lines_before_it() {
        let values = [Ok(1), Err(Error::not_found("gone"))];
        let mut body = JsonLines(futures_util::stream::iter(values)).into_response().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "1\n");
        assert_eq!(body.chunk().await.unwrap_err().to_string(), "gone");
    }

    #[tokio::test]
    async fn what_is_no_json_is_an_error_of_the_server() {
        let value = HashMap::from([(vec![1], 2)]);
        let body = JsonLines(futures_util::stream::iter([Ok::<_, Error>(value)])).into_response().into_body();
        assert!(body.collect().await.unwrap_err().is_server());
    }
}
