//! A stream of events as an answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use sync_wrapper::SyncWrapper;
use tokio::time::{Instant, Sleep};

use super::event::Event;
use crate::error::Error;
use crate::payload::{Body, ContentType};
use crate::response::{IntoResponse, Response};

/// An answer of server-sent events: `text/event-stream`, not cached, not held back by proxies.
///
/// When nothing was sent for a while, a comment goes out (default: every 15 s), so that proxies keep the
/// connection and a client that is gone is noticed. The answer ends when the stream does, and when the server
/// stops; the browser then connects again.
pub struct Events {
    stream: SyncWrapper<Erased>,
    keep_alive: Option<Duration>,
}

type Erased = Pin<Box<dyn Stream<Item = Result<Event, Error>> + Send>>;

impl Events {
    /// An answer of the events of a stream. An error of the stream ends the connection.
    pub fn new<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Event, E>> + Send + 'static,
        E: Into<Error>,
    {
        Self {
            stream: SyncWrapper::new(Box::pin(Converted { stream })),
            keep_alive: Some(Duration::from_secs(15)),
        }
    }

    /// After how much silence a comment is sent; `None` for never.
    #[must_use]
    pub fn keep_alive(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = silence.into();
        self
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let stream = Kept { stream: self.stream.into_inner(), pause: self.keep_alive, timer: None };
        let response = Response::typed(ContentType::Events, Body::endless(stream));
        let response = response.with_header("cache-control", "no-cache, no-transform");
        let response = response.and_then(|response| response.with_header("x-accel-buffering", "no"));
        response.unwrap_or_else(IntoResponse::into_response)
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}

pin_project_lite::pin_project! {
    struct Converted<S> {
        #[pin]
        stream: S,
    }
}

impl<S: Stream<Item = Result<Event, E>>, E: Into<Error>> Stream for Converted<S> {
    type Item = Result<Event, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().stream.poll_next(cx).map(|next| next.map(|event| event.map_err(Into::into)))
    }
}

/// Events with comments in their pauses.
struct Kept {
    stream: Erased,
    pause: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stream for Kept {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { stream, pause, timer } = &mut *self;
        let next = stream.as_mut().poll_next(cx);
        let Some(pause) = *pause else { return next.map(|next| next.map(|event| event.map(Bytes::from))) };
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        if next.is_pending() && timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        timer.as_mut().reset(Instant::now() + pause);
        match next {
            Poll::Ready(next) => Poll::Ready(next.map(|event| event.map(Bytes::from))),
            Poll::Pending => Poll::Ready(Some(Ok(Event::comment("").into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::stream;

    use super::*;

    async fn next(body: &mut Body) -> String {
        let piece =
            poll_fn(|cx| Pin::new(&mut *body).poll_next(cx)).await.expect("it goes on").expect("no error");
        String::from_utf8(piece.to_vec()).expect("it is text")
    }

    #[tokio::test]
    async fn events_go_out_one_by_one() {
        let events = ["a", "b"].map(|data| Ok::<_, Error>(Event::new(data)));
        let mut response = Events::new(stream::iter(events)).into_response();
        assert_eq!(response.header("content-type"), Some("text/event-stream"));
        assert_eq!(next(response.body_mut()).await, "data: a\n\n");
        assert_eq!(next(response.body_mut()).await, "data: b\n\n");
        assert_eq!(response.body_mut().chunk().await.expect("no error"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_comment_fills_a_long_pause() {
        let begun = Instant::now();
        let mut response = Events::new(stream::pending::<Result<Event, Error>>()).into_response();
        assert_eq!(next(response.body_mut()).await, ": \n\n");
        assert_eq!(next(response.body_mut()).await, ": \n\n");
        assert_eq!(begun.elapsed().as_secs(), 30);
    }
}
