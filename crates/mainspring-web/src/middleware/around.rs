//! Middlewares that look on at each poll of what follows.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Next;
use crate::request::Request;
use crate::response::Response;
use crate::route::Reply;

/// What a middleware of ours keeps for one request. It needs no future where the handler answers at once.
pub(super) trait Around: Send + Unpin + Sized + 'static {
    /// Polls the rest of the chain, which leaves in `reply` what is not ready.
    fn poll(
        &mut self,
        reply: &mut Reply,
        cx: &mut Context<'_>,
        rest: impl FnOnce(&mut Reply, &mut Context<'_>) -> Poll<Response>,
    ) -> Poll<Response>;

    /// Begins to answer, as an endpoint does.
    #[inline]
    fn begin(
        mut self,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        let polled = self.poll(reply, cx, |reply, cx| next.call(request, reply, cx));
        if polled.is_pending() {
            let rest = std::mem::take(reply);
            reply.future(Surrounded { rest, around: self });
        }
        polled
    }

    /// The same as a future that has not begun.
    fn later(self, request: Request, next: Next) -> impl Future<Output = Response> + Send + 'static {
        let (mut request, mut start) = (Some(request), Some(next));
        let mut surrounded = Surrounded { rest: Reply::new(), around: self };
        poll_fn(move |cx| match start.take() {
            Some(next) => surrounded.poll_as(cx, |reply, cx| next.call(&mut request, reply, cx)),
            None => surrounded.poll_as(cx, Reply::poll),
        })
    }
}

/// A request at work.
struct Surrounded<A> {
    /// Dropped before what stands around it.
    rest: Reply,
    around: A,
}

impl<A: Around> Surrounded<A> {
    fn poll_as(
        &mut self,
        cx: &mut Context<'_>,
        rest: impl FnOnce(&mut Reply, &mut Context<'_>) -> Poll<Response>,
    ) -> Poll<Response> {
        self.around.poll(&mut self.rest, cx, rest)
    }
}

impl<A: Around> Future for Surrounded<A> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        self.poll_as(cx, Reply::poll)
    }
}
