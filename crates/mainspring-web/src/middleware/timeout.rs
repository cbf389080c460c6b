//! A limit on the time of handlers.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use mainspring_task::time::Limit;

use super::around::Around;
use super::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};
use crate::route::Reply;

/// Answers 503 when the handler has not answered in time.
///
/// The handler is cancelled as by [`mainspring_task::time::timeout`]: its `finally` cleanups run before the
/// client gets the answer, within a [`grace`](Self::grace). A handler that catches the cancellation and answers
/// nevertheless has its answer sent.
///
/// The time runs from this middleware on, so it includes the reading of a body that the handler takes whole; it
/// does not include the sending of the answer, which the server's own time-outs bound. Around an app, a nested app
/// or a route; of several the shortest counts. A limit of zero lets pass what is answered without waiting.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::{App, StatusCode};
/// use mainspring_web::middleware::Timeout;
///
/// let limit = Timeout::new(Duration::from_secs(30)).status(StatusCode::GATEWAY_TIMEOUT);
/// assert!(App::new().middleware(limit).get("/", || async { "Meow." }).build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Timeout {
    limit: Duration,
    grace: Option<Duration>,
    status: StatusCode,
}

impl Timeout {
    /// Makes one with the status 503 and the grace of the process.
    pub fn new(limit: Duration) -> Self {
        Self { limit, grace: None, status: StatusCode::SERVICE_UNAVAILABLE }
    }

    /// Answers with another status: 504 where the handler mostly waits for others.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// How long the handler's cleanup may take after the limit.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    #[inline]
    fn limited(self: Arc<Self>) -> Limited {
        let mut limit = Limit::after(self.limit);
        if let Some(grace) = self.grace {
            limit = limit.grace(grace);
        }
        Limited { limit, settings: self }
    }

    #[cold]
    fn elapsed(&self) -> Response {
        tracing::warn!(limit = ?self.limit, "a handler did not answer in time");
        (self.status, "the answer took too long").into_response()
    }
}

impl Middleware for Timeout {
    fn call(
        self: Arc<Self>,
        request: Request,
        next: Next,
    ) -> impl Future<Output = Response> + Send + 'static {
        self.limited().later(request, next)
    }

    #[inline]
    fn enter(
        self: Arc<Self>,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        self.limited().begin(request, next, reply, cx)
    }
}

/// A request whose time is running.
struct Limited {
    limit: Limit,
    settings: Arc<Timeout>,
}

impl Around for Limited {
    #[inline]
    fn poll(
        &mut self,
        reply: &mut Reply,
        cx: &mut Context<'_>,
        rest: impl FnOnce(&mut Reply, &mut Context<'_>) -> Poll<Response>,
    ) -> Poll<Response> {
        let polled = self.limit.poll(cx, reply, rest, Reply::clear);
        polled.map(|ended| ended.unwrap_or_else(|_| self.settings.elapsed()))
    }
}
