//! Middlewares around one endpoint.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::middleware::Layer;
use super::next::Next;
use crate::request::Request;
use crate::response::Response;
use crate::route::{Endpoint, Reply};

/// The middlewares of one route from the outermost on, and the handler within.
pub(crate) struct Chain {
    pub(super) layers: Vec<Arc<dyn Layer>>,
    pub(super) endpoint: Arc<dyn Endpoint>,
}

/// Puts layers around an endpoint; costs nothing where there are none.
pub(crate) fn around(layers: &[Arc<dyn Layer>], endpoint: Arc<dyn Endpoint>) -> Arc<dyn Endpoint> {
    if layers.is_empty() { endpoint } else { Arc::new(Arc::new(Chain { layers: layers.to_vec(), endpoint })) }
}

impl Endpoint for Arc<Chain> {
    fn call(&self, request: Request, reply: &mut Reply, cx: &mut Context<'_>) -> Poll<Response> {
        Next { chain: Self::clone(self), at: 0 }.call(&mut Some(request), reply, cx)
    }
}
