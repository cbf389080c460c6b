//! An app as a tower service.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use mainspring_service::{BoxError, Result};
use tower_service::Service;

use super::limited::Limited;
use crate::app::{App, Lifecycle};
use crate::error::Error;
use crate::http1::Limits;
use crate::payload::Body;
use crate::request::{PeerAddr, Request};
use crate::response::{IntoResponse, Response};
use crate::route::{Found, Reply, Routes};

/// An [`App`] as a [`tower_service::Service`] of `http` requests: under hyper, behind tower layers, in tests.
///
/// It never fails and is always ready; a clone costs a reference count. A request's address of the client is
/// taken from its extensions, where it may stand as a [`PeerAddr`] or a [`SocketAddr`].
///
/// What the server does is not done here: no time-outs, no upgrades, a panic goes on to the caller. Bodies are
/// limited as there, by [`Limits::body`] or by what the route says.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_web::{App, Path, interop::AppService};
/// use tower::ServiceExt;
///
/// let app = App::new().get("/hello/{name}", |Path(name): Path<String>| async move { format!("Hello, {name}!") });
/// let service = AppService::start(&app).await.unwrap();
///
/// let request = http::Request::get("/hello/Ada").body(String::new()).unwrap();
/// let response = service.clone().oneshot(request).await.unwrap();
/// assert_eq!(response.into_body().collect().await.unwrap(), "Hello, Ada!");
///
/// service.cleanup().await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct AppService {
    routes: Arc<Routes>,
    life: Arc<Lifecycle>,
    limits: Limits,
}

impl AppService {
    /// Builds the app, enters its contexts and runs its startup.
    ///
    /// # Errors
    ///
    /// When the routes make no sense (see [`App::build`]) or the startup fails; what was entered is left again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: contexts that were entered are dropped without their end.
    pub async fn start(app: &App) -> Result<Self> {
        let life = Arc::new(Lifecycle::new(app)?);
        match life.start().await {
            Ok(routes) => Ok(Self { routes, life, limits: Limits::default() }),
            Err(error) => {
                if let Err(error) = life.cleanup().await {
                    tracing::error!(%error, "the cleanup after a start that failed has failed too");
                }
                Err(error)
            }
        }
    }

    /// Builds an app that has nothing to start.
    ///
    /// # Errors
    ///
    /// When the routes make no sense (see [`App::build`]), or the app has a startup or a context, for which
    /// there is [`start`](Self::start).
    pub fn new(app: &App) -> Result<Self> {
        if app.has_startup() {
            return Err(BoxError::from("the app has hooks for its start: use AppService::start"));
        }
        let life = Arc::new(Lifecycle::new(app)?);
        let routes = Arc::new(app.build()?);
        Ok(Self { routes, life, limits: Limits::default() })
    }

    /// How large a body may be; of the other limits the caller takes care.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Runs the shutdown hooks: nobody new comes in.
    ///
    /// # Errors
    ///
    /// Those of the hooks, all of them.
    pub async fn shutdown(&self) -> Result {
        self.life.shutdown().await
    }

    /// Leaves the contexts and runs the cleanup hooks: nobody is within any more. Does nothing the second time.
    ///
    /// # Errors
    ///
    /// Those of contexts and hooks, all of them.
    pub async fn cleanup(&self) -> Result {
        self.life.cleanup().await
    }

    /// The request with its route, which is called when it is first polled.
    fn begin(&self, request: http::Request<Body>) -> Result<(Request, Found), Error> {
        let peer = request.extensions().get::<PeerAddr>().map(|peer| peer.0);
        let peer = peer.or_else(|| request.extensions().get::<SocketAddr>().copied());
        let mut request = Request::from_http(request, Arc::clone(&self.routes), peer)?;
        let found = self.routes.find(request.head());
        let (_, rules) = self.routes.answerer(&found);
        let limit = rules.body_limit.unwrap_or(self.limits.body as u64);
        if request.body().len().is_some_and(|length| length > limit) {
            return Err(Error::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
        }
        // What is in memory already cannot grow.
        if request.body().as_bytes().is_none() {
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = Body::wrap(Limited::new(body, limit));
        }
        request.set_route_params(found.params.clone());
        Ok((request, found))
    }
}

impl<B> Service<http::Request<B>> for AppService
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = AppFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> AppFuture {
        let length = request.body().size_hint().exact();
        let request = request.map(|body| Body::wrap_sized(length, body));
        let mut reply = Reply::new();
        let begun = self.begin(request).map_err(|error| reply.ready(error.into_response())).ok();
        AppFuture { routes: Arc::clone(&self.routes), begun, reply }
    }
}

impl fmt::Debug for AppService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppService").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// The answer of an [`AppService`].
#[must_use = "futures do nothing unless polled"]
pub struct AppFuture {
    routes: Arc<Routes>,
    /// Until the first poll.
    begun: Option<(Request, Found)>,
    reply: Reply,
}

impl Future for AppFuture {
    type Output = Result<http::Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { routes, begun, reply } = &mut *self;
        let polled = match begun.take() {
            Some((request, found)) => routes.answerer(&found).0.call(request, reply, cx),
            None => reply.poll(cx),
        };
        polled.map(|response: Response| Ok(response.into_http()))
    }
}

impl fmt::Debug for AppFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFuture").finish_non_exhaustive()
    }
}
