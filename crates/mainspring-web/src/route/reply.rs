//! Where a handler leaves its answer.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use tokio_util::sync::ReusableBoxFuture;

use crate::response::Response;

/// The slot of a connection into which a handler puts its answer or the future of it.
///
/// It lives as long as the connection: a future of the size of the last one takes its memory over, so the
/// common request allocates nothing for it.
#[derive(Default)]
pub struct Reply {
    ready: Option<Response>,
    future: Option<ReusableBoxFuture<'static, Response>>,
}

impl Reply {
    /// Makes an empty slot.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an answer.
    pub fn ready(&mut self, response: Response) {
        self.ready = Some(response);
    }

    /// Puts the future of an answer.
    #[inline]
    pub fn future(&mut self, future: impl Future<Output = Response> + Send + 'static) {
        match &mut self.future {
            Some(slot) => slot.set(future),
            None => self.future = Some(ReusableBoxFuture::new(future)),
        }
    }

    /// Polls for the answer; pending forever when nothing was put.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Response> {
        if let Some(response) = self.ready.take() {
            return Poll::Ready(response);
        }
        match &mut self.future {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        }
    }

    /// Drops the future, which must not be polled again after a panic.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("ready", &self.ready).finish_non_exhaustive()
    }
}
