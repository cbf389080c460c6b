//! The trait of middlewares.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::next::Next;
use crate::request::Request;
use crate::response::{IntoResponse, Response};
use crate::route::{Reply, Respond};

/// Surrounds handlers: sees the request before and the answer after.
///
/// An async function of a [`Request`] and the [`Next`] step is one. It may change the request, attach values
/// to it ([`Request::extensions_mut`]), answer in place of the handler by not calling [`Next::run`], and change
/// the answer.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Next, Request, Response};
///
/// async fn meow(request: Request, next: Next) -> Response {
///     println!("Middleware called");
///     let response = next.run(request).await;
///     println!("Middleware finished");
///     response
/// }
///
/// assert!(App::new().middleware(meow).get("/", || async { "Meow." }).build().is_ok());
/// ```
///
/// One with settings is a type:
///
/// ```
/// use std::sync::Arc;
/// use mainspring_web::{App, Middleware, Next, Request, Response};
///
/// struct Stamp(&'static str);
///
/// impl Middleware for Stamp {
///     async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
///         let mut response = next.run(request).await;
///         if response.insert("x-stamp", self.0).is_err() {
///             return Response::new(mainspring_web::StatusCode::INTERNAL_SERVER_ERROR);
///         }
///         response
///     }
/// }
///
/// assert!(App::new().middleware(Stamp("paid")).build().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    label = "must be an async function of `Request` and `Next` that gives an `IntoResponse`"
)]
pub trait Middleware: Send + Sync + 'static {
    /// Answers the request, usually by [`Next::run`].
    fn call(self: Arc<Self>, request: Request, next: Next)
    -> impl Future<Output = Response> + Send + 'static;

    /// The same, begun at once: takes the request, and leaves in `reply` what is not ready. A middleware of ours
    /// that stands around every request may do without a place for its future. Not a part of the interface.
    #[doc(hidden)]
    #[inline]
    fn enter(
        self: Arc<Self>,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response>
    where
        Self: Sized,
    {
        if let Some(request) = request.take() {
            reply.future(self.call(request, next));
        }
        reply.poll(cx)
    }
}

impl<F, Fut> Middleware for F
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoResponse> + Send + 'static,
{
    #[inline]
    fn call(
        self: Arc<Self>,
        request: Request,
        next: Next,
    ) -> impl Future<Output = Response> + Send + 'static {
        Respond { future: self(request, next) }
    }
}

/// A middleware whose type is forgotten.
pub(crate) trait Layer: Send + Sync + 'static {
    fn call(
        self: Arc<Self>,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response>;
}

impl<T: Middleware> Layer for T {
    #[inline]
    fn call(
        self: Arc<Self>,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        Middleware::enter(self, request, next, reply, cx)
    }
}
