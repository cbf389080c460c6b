//! Hooks that see every answer.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::StatusCode;
use mainspring_task::task::panic_message;

use crate::http1::Head;
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

pub(super) type OnResponse = Arc<dyn Fn(&Head, &mut Response) + Send + Sync>;

/// Shows answers to the hooks of an app, around all of its middlewares.
pub(super) struct ShowAnswers(pub(super) Vec<OnResponse>);

impl Middleware for ShowAnswers {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let head = request.head().clone();
        let route = request.pattern().unwrap_or_default().to_owned();
        // The 500 of a panic is an answer as any other.
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = answered.unwrap_or_else(|panic| panicked(&route, &*panic));
        for hook in &self.0 {
            hook(&head, &mut response);
        }
        response
    }
}

fn panicked(route: &str, panic: &(dyn Any + Send)) -> Response {
    tracing::error!(route, panic = panic_message(panic), "the handler panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
}
