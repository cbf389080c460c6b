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
        self.later(request)
    }

    /// The same, with a type that has a name.
    #[inline]
    pub(in crate::middleware) fn later(self, request: Request) -> Run {
        Run::Waiting(Some((self, request)))
    }

    /// The same, begun at once: the request need not be kept until the first poll.
    #[inline]
    pub(in crate::middleware) fn start(self, request: Request) -> Started {
        let mut reply = Reply::new();
        self.call(request, &mut reply);
        Started(reply)
    }

    #[inline]
    pub(in crate::middleware) fn call(self, request: Request, reply: &mut Reply) {
        let Self { chain, at } = self;
        match chain.layers.get(at) {
            None => chain.endpoint.call(request, reply),
            Some(layer) => {
                let layer = Arc::clone(layer);
                layer.call(request, Self { chain, at: at + 1 }, reply);
            }
        }
    }
}

/// The rest of a chain at work. A type of its own: an async block would hold the request twice.
pub(in crate::middleware) enum Run {
    Waiting(Option<(Next, Request)>),
    Running(Reply),
}

impl Future for Run {
    type Output = Response;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        loop {
            match &mut *self {
                Self::Running(reply) => return reply.poll(cx),
                Self::Waiting(start) => {
                    let mut reply = Reply::new();
                    if let Some((next, request)) = start.take() {
                        next.call(request, &mut reply);
                    }
                    *self = Self::Running(reply);
                }
            }
        }
    }
}

/// The rest of a chain that has been called.
pub(in crate::middleware) struct Started(Reply);

impl Future for Started {
    type Output = Response;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        self.0.poll(cx)
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("at", &self.at).finish_non_exhaustive()
    }
}
