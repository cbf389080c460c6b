//! Streams without an end of their own, and who ends them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body::Frame;
use pin_project_lite::pin_project;

use crate::error::Error;

/// Ends an endless body from without, however often it was wrapped: whoever stands around it sees its end, and can
/// end in order too.
#[derive(Clone, Debug, Default)]
pub(crate) struct End(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    given: AtomicBool,
    reader: AtomicWaker,
}

impl End {
    pub(super) fn give(&self) {
        self.0.given.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    fn is_given(&self) -> bool {
        self.0.given.load(Ordering::Acquire)
    }
}

pin_project! {
    /// A body that goes on until it is told to end.
    pub(super) struct Endless<B> {
        #[pin]
        body: B,
        end: End,
    }
}

impl<B> Endless<B> {
    pub(super) fn new(body: B, end: End) -> Self {
        Self { body, end }
    }
}

impl<B: http_body::Body<Data = Bytes, Error = Error>> http_body::Body for Endless<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        if this.end.is_given() {
            return Poll::Ready(None);
        }
        let polled = this.body.poll_frame(cx);
        if polled.is_pending() {
            this.end.0.reader.register(cx.waker());
            // It may have been given in this very moment.
            if this.end.is_given() {
                return Poll::Ready(None);
            }
        }
        polled
    }
}
