//! Tower layers as middlewares.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use tower_layer::Layer;
use tower_service::Service;

use super::mount::ask;
use crate::error::{BoxError, Error};
use crate::http1::Head;
use crate::middleware::{Middleware, Next};
use crate::payload::Body;
use crate::request::{Params, Request};
use crate::response::{IntoResponse, Response};
use crate::route::Routes;

/// Makes a middleware of a tower layer: those of tower-http, say.
///
/// The layer is applied once, so what it shares between requests (a limit, a counter) is shared. It may change
/// request and answer; the route was found before it, so a new path changes what the handler sees and not which
/// one it is. When the layered service fails, the error goes to the log and the client gets a 500. Websockets open
/// behind a layer too, as long as it keeps the extensions of the answer.
///
/// # Examples
///
/// ```
/// use http::{HeaderName, HeaderValue};
/// use mainspring_web::{App, interop::tower_layer};
/// use tower_http::set_header::SetResponseHeaderLayer;
///
/// let cat = SetResponseHeaderLayer::overriding(HeaderName::from_static("x-cat"), HeaderValue::from_static("Tom"));
/// let app = App::new().middleware(tower_layer(cat)).get("/", || async { "Meow." });
/// assert!(app.build().is_ok());
/// ```
pub fn tower_layer<L>(layer: L) -> TowerLayer<L::Service>
where
    L: Layer<TowerNext>,
{
    TowerLayer { service: layer.layer(TowerNext(())) }
}

/// The middleware that [`tower_layer()`] makes.
#[derive(Clone)]
pub struct TowerLayer<S> {
    service: S,
}

impl<S> fmt::Debug for TowerLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TowerLayer").finish_non_exhaustive()
    }
}

impl<S, B> Middleware for TowerLayer<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>, Error: Into<BoxError>>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let onward = Onward {
            head: request.head().clone(),
            params: request.route_params().clone(),
            routes: request.shared_routes(),
            peer: request.peer(),
            next: Arc::new(Mutex::new(Some(next))),
        };
        let mut request = match request.into_http() {
            Ok(request) => request,
            Err(error) => return error.into_response(),
        };
        request.extensions_mut().insert(onward);
        let service = self.service.clone();
        ask(service, request).await.unwrap_or_else(|error| Error::from_boxed(error).into_response())
    }
}

/// What a request of ours has and one of the `http` crate has not, carried through the layer.
#[derive(Clone)]
struct Onward {
    head: Head,
    params: Params,
    routes: Arc<Routes>,
    peer: Option<SocketAddr>,
    /// Taken by the first call.
    next: Arc<Mutex<Option<Next>>>,
}

impl Onward {
    /// The request as it goes on, with what the layer made of it.
    ///
    /// # Errors
    ///
    /// When the layer made a target of it that is none.
    fn request(self, request: http::Request<Body>) -> Result<Request, Error> {
        let mut request = Request::from_http(request, self.routes, self.peer)?;
        let head = request.head();
        let mut params = self.params;
        if head.path() == self.head.path() {
            // The same values at another place.
            let (old, new) = (self.head.path_start(), head.path_start());
            for span in &mut params.values {
                span.start = span.start - old + new;
                span.end = span.end - old + new;
            }
        } else {
            let found = request.routes().find(head).params;
            params.values = if found.pattern == params.pattern { found.values } else { Vec::new() };
        }
        request.set_route_params(params);
        Ok(request)
    }
}

/// What follows a tower layer within an app, as the service that the layer is put around.
#[derive(Clone, Debug)]
pub struct TowerNext(());

impl Service<http::Request<Body>> for TowerNext {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let onward = request.extensions_mut().remove::<Onward>();
        let next = onward
            .as_ref()
            .and_then(|onward| onward.next.lock().unwrap_or_else(PoisonError::into_inner).take());
        Box::pin(async move {
            let (Some(onward), Some(next)) = (onward, next) else {
                let why = "a tower layer lost the extensions of its request, or sent it on twice";
                return Ok(Error::new(StatusCode::INTERNAL_SERVER_ERROR, why).into_response().into_http());
            };
            let response = match onward.request(request) {
                Ok(request) => next.run(request).await,
                Err(error) => error.into_response(),
            };
            Ok(response.into_http())
        })
    }
}
