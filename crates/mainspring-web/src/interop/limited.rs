//! Bodies with a bound.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Frame, SizeHint};

use crate::error::Error;
use crate::payload::Body;

/// A body that ends in a 413 when it grows too large.
///
/// The engine bounds what it reads itself; this is for bodies that others read.
pub(super) struct Limited {
    body: Body,
    left: u64,
}

impl Limited {
    pub(super) fn new(body: Body, limit: u64) -> Self {
        Self { body, left: limit }
    }
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    let error = Error::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
