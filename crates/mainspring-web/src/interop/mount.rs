//! Tower services as parts of an app.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Uri;
use http::uri::PathAndQuery;
use tower_service::Service;

use crate::app::App;
use crate::error::{BoxError, Error};
use crate::payload::Body;
use crate::request::{PeerAddr, Request};
use crate::response::{IntoResponse, Response};
use crate::route::{Answer, Endpoint, Reply, Route};

impl App {
    /// Has a tower service answer everything below a prefix: an axum `Router`, a tonic server, a `ServeDir`.
    ///
    /// The service sees the path behind the prefix, `/` at least. The app's middlewares stand around it. A clone
    /// of it serves each request; when it fails, the error goes to the log and the client gets a 500. The
    /// address of the client is among the request's extensions as a [`PeerAddr`]. To give it limits of its own,
    /// make the route with [`Route::mount`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::App;
    ///
    /// let router = axum::Router::new().route("/cats", axum::routing::get(|| async { "Meow." }));
    /// let app = App::new().mount("/old", router);
    /// assert!(app.build().is_ok());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mount<S, B>(self, prefix: impl Into<String>, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<B>, Error: Into<BoxError>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.add(Route::mount(prefix, service))
    }
}

impl Route {
    /// A tower service for everything below a prefix; see [`App::mount`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Route};
    ///
    /// let router = axum::Router::new().route("/upload", axum::routing::post(|| async { "done" }));
    /// let app = App::new().add(Route::mount("/old", router).body_limit(1024 * 1024 * 1024));
    /// assert!(app.build().is_ok());
    /// ```
    #[track_caller]
    pub fn mount<S, B>(prefix: impl Into<String>, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<B>, Error: Into<BoxError>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let answer = Answer {
            method: None,
            endpoint: std::sync::Arc::new(Mounted(service)),
            demands: Default::default(),
        };
        let mut route = Self::of(prefix.into(), vec![answer]);
        route.below = true;
        route
    }
}

/// A tower service as the end of a route.
struct Mounted<S>(S);

impl<S, B> Endpoint for Mounted<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>, Error: Into<BoxError>>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    fn call(&self, request: Request, reply: &mut Reply, cx: &mut Context<'_>) -> Poll<Response> {
        let service = self.0.clone();
        reply.future(async move {
            let request = match stripped(request) {
                Ok(request) => request,
                Err(error) => return error.into_response(),
            };
            ask(service, request).await.unwrap_or_else(|error| Error::from_boxed(error).into_response())
        });
        reply.poll(cx)
    }
}

/// Has a service answer one request.
///
/// # Errors
///
/// Those of the service.
pub(super) async fn ask<S, B>(mut service: S, request: http::Request<Body>) -> Result<Response, BoxError>
where
    S: Service<http::Request<Body>, Response = http::Response<B>, Error: Into<BoxError>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
    service.call(request).await.map(Response::from_http).map_err(Into::into)
}

/// The request with what is behind the prefix as its path.
///
/// # Errors
///
/// When that is no path.
fn stripped(request: Request) -> Result<http::Request<Body>, Error> {
    // The last parameter is the tail, except for the prefix itself, with or without its slash.
    let tail = request.pattern().is_some_and(|pattern| pattern.ends_with("/{*rest}"));
    let rest = if tail { request.params().last().map(|(_, rest)| rest) } else { None };
    let mut target = format!("/{}", rest.unwrap_or_default());
    if let Some(query) = request.query() {
        target.push('?');
        target.push_str(query);
    }
    let peer = request.peer();
    let mut request = request.into_http()?;
    let target = PathAndQuery::from_maybe_shared(Bytes::from(target));
    let target =
        target.map_err(|error| Error::bad_request(format!("the request target is no URI: {error}")))?;
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = Some(target);
    let uri = Uri::from_parts(parts);
    *request.uri_mut() =
        uri.map_err(|error| Error::bad_request(format!("the request target is no URI: {error}")))?;
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddr(peer));
    }
    Ok(request)
}
