//! The step after a middleware.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

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
    /// Answers the request.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it is ready, the handler is dropped where it stands.
    pub async fn run(self, request: Request) -> Response {
        let mut reply = Reply::new();
        self.call(request, &mut reply);
        poll_fn(|cx| reply.poll(cx)).await
    }

    #[inline]
    pub(super) fn call(self, request: Request, reply: &mut Reply) {
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

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("at", &self.at).finish_non_exhaustive()
    }
}
