//! The step after a middleware.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::chain::Chain;
use crate::request::Request;
use crate::response::Response;
use crate::route::Reply;

/// What follows a middleware: the next one, at last the handler.
pub struct Next {
    pub(super) chain: Arc<Chain>,
    /// Index of the layer to call; past the last one, the endpoint.
    pub(super) at: usize,
}

impl Next {
    /// Answers the request; nothing happens before the future is polled.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it is ready, the handler is dropped where it stands.
    #[inline]
    pub fn run(self, request: Request) -> impl Future<Output = Response> + Send + 'static {
        Run::Waiting(Some((self, request)))
    }

    /// Begins to answer, as an endpoint does. The request stays where it is until somebody takes it: it is
    /// too large to be moved from one to the next.
    #[inline]
    pub(in crate::middleware) fn call(
        self,
        request: &mut Option<Request>,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        let Self { chain, at } = self;
        match chain.layers.get(at) {
            None => match request.take() {
                Some(request) => chain.endpoint.call(request, reply, cx),
                None => Poll::Pending,
            },
            Some(layer) => {
                let layer = Arc::clone(layer);
                layer.call(request, Self { chain, at: at + 1 }, reply, cx)
            }
        }
    }
}

/// The rest of a chain at work. A type of its own: an async block would hold the request twice.
enum Run {
    Waiting(Option<(Next, Request)>),
    Running(Reply),
}

impl Future for Run {
    type Output = Response;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let start = match &mut *self {
            Self::Running(reply) => return reply.poll(cx),
            Self::Waiting(start) => start.take(),
        };
        let Some((next, request)) = start else { return Poll::Pending };
        let mut reply = Reply::new();
        let polled = next.call(&mut Some(request), &mut reply, cx);
        if polled.is_pending() {
            *self = Self::Running(reply);
        }
        polled
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("at", &self.at).finish_non_exhaustive()
    }
}
