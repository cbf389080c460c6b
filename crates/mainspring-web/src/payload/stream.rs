//! What streamed bodies are made from.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::error::{BoxError, Error};

pin_project! {
    /// A stream of pieces as a body.
    pub(super) struct Streamed<S> {
        #[pin]
        stream: S,
    }
}

impl<S> Streamed<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream }
    }
}

impl<S, T, E> http_body::Body for Streamed<S>
where
    S: Stream<Item = Result<T, E>>,
    T: Into<Bytes>,
    E: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(next.map(|piece| piece.map(|piece| Frame::data(piece.into())).map_err(Into::into)))
    }
}

pin_project! {
    /// A foreign body, whose errors are turned into ours.
    pub(super) struct Wrapped<B> {
        #[pin]
        body: B,
    }
}

impl<B> Wrapped<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body }
    }
}

impl<B> http_body::Body for Wrapped<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(next.map(|frame| frame.map_err(|error| Error::from_boxed(error.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
