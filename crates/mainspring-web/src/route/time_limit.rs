//! The time-out of a route.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use mainspring_task::time::timeout;

use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Cancels what takes too long: with its cleanup, as every cancellation.
pub(super) struct TimeLimit(pub(super) Duration);

impl Middleware for TimeLimit {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let route = request.pattern().unwrap_or_default().to_owned();
        match timeout(self.0, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                tracing::warn!(route, limit = ?self.0, "the handler took too long and was cancelled");
                (StatusCode::SERVICE_UNAVAILABLE, "the answer took too long").into_response()
            }
        }
    }
}
