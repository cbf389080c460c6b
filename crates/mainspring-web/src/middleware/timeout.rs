//! A limit on the time of handlers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use mainspring_task::time::{self, timeout};
use pin_project_lite::pin_project;

use super::next::Started;
use super::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

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
        let mut limited = timeout(self.limit, next.start(request));
        if let Some(grace) = self.grace {
            limited = limited.grace(grace);
        }
        Limited { limited, settings: self }
    }
}

pin_project! {
    /// A type of its own: an async block would hold the future twice.
    struct Limited {
        #[pin]
        limited: time::Timeout<Started>,
        settings: Arc<Timeout>,
    }
}

impl Future for Limited {
    type Output = Response;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        this.limited.poll(cx).map(|ended| ended.unwrap_or_else(|_| this.settings.elapsed()))
    }
}
