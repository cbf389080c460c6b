//! A request with its body.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Extensions, Method};

use super::extract::FromRequestParts;
use super::values::percent_decoded;
use crate::error::Error;
use crate::extensions::Attached;
use crate::http1::{Fields, Head, Span, Version};
use crate::payload::Body;
use crate::route::{Routes, States, Url, Urls};

/// A request: its head, its body and what middlewares attached to it.
///
/// The head is a slice of the connection's read buffer; headers are looked for when asked. The body may still
/// be on its way (see [`Body`]).
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Error, Request};
///
/// async fn size(mut request: Request) -> Result<String, Error> {
///     let mut size = 0;
///     while let Some(piece) = request.body_mut().chunk().await? {
///         size += piece.len();
///     }
///     Ok(format!("{} sent {size} bytes", request.header("user-agent").unwrap_or("somebody")))
/// }
///
/// assert!(App::new().post("/size", size).build().is_ok());
/// ```
#[derive(Debug)]
pub struct Request {
    head: Head,
    body: Body,
    params: Params,
    routes: Arc<Routes>,
    peer: Option<SocketAddr>,
    extensions: Attached,
}

/// The path parameters of a matched route: which pattern it was and where in the head the values stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(crate) pattern: usize,
    /// Which of the nested apps answers.
    pub(crate) scope: u32,
    pub(crate) values: Vec<Span>,
}

impl Request {
    #[inline]
    pub(crate) fn new(
        head: Head,
        body: Body,
        params: Params,
        routes: Arc<Routes>,
        peer: Option<SocketAddr>,
    ) -> Self {
        Self { head, body, params, routes, peer, extensions: Attached::none() }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        self.head.method()
    }

    /// The path, as sent: percent-encoded, without the query.
    pub fn path(&self) -> &str {
        self.head.path()
    }

    /// The query, as sent, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.head.query()
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The host that the client asked for.
    pub fn host(&self) -> Option<&str> {
        self.head.host()
    }

    /// The first header of this name whose value is text; case does not matter in the name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// All headers in order.
    pub fn headers(&self) -> Fields<'_> {
        self.head.fields()
    }

    /// The head: method, target and headers.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The body, to read from it or to put another in its place.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Takes the body out and drops the rest.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// What middlewares attached to this request, by type.
    pub fn extensions(&self) -> &Extensions {
        self.extensions.all()
    }

    /// The same, to attach something.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions.all_mut()
    }

    /// Takes something by the extractor for it, as a handler's argument would.
    ///
    /// # Errors
    ///
    /// Those of the extractor.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use mainspring_web::{Error, Next, Query, Request, Response};
    ///
    /// async fn no_debug(mut request: Request, next: Next) -> Result<Response, Error> {
    ///     let Query(query) = request.extract::<Query<HashMap<String, String>>>().await?;
    ///     if query.contains_key("debug") {
    ///         return Err(Error::bad_request("there is no debug mode here"));
    ///     }
    ///     Ok(next.run(request).await)
    /// }
    /// # let app = mainspring_web::App::new().middleware(no_debug).get("/", || async {});
    /// # assert!(app.build().is_ok());
    /// ```
    pub async fn extract<T: FromRequestParts>(&mut self) -> Result<T, Error> {
        T::from_request_parts(self).await
    }

    /// The address of the client, or of the proxy in front.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The pattern of the route that matched, `/users/{id}` say.
    pub fn pattern(&self) -> Option<&str> {
        self.routes.pattern(self.params.pattern)
    }

    /// The state of this type; see [`State`](crate::State).
    pub fn state<T: 'static>(&self) -> Option<&T> {
        self.routes.states(self.params.scope).and_then(States::find)
    }

    /// The path of the route with this name, its parameters filled in and percent-encoded.
    ///
    /// A name is looked up in the app whose handler this is, then in those around it, at last in those nested
    /// anywhere.
    ///
    /// # Errors
    ///
    /// Those of [`Routes::url_for`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Error, Request, Route};
    ///
    /// async fn index(request: Request) -> Result<String, Error> {
    ///     Ok(request.url_for("user", &[("id", "7")])?.query("tab", "posts").into())
    /// }
    ///
    /// let app = App::new().get("/", index).add(Route::get("/users/{id}", || async {}).name("user"));
    /// assert!(app.build().is_ok());
    /// ```
    pub fn url_for(&self, name: &str, params: &[(&str, &str)]) -> Result<Url, Error> {
        self.routes.url_from(self.params.scope, name, params)
    }

    pub(crate) fn urls(&self) -> Urls {
        Urls { routes: self.shared_routes(), scope: self.params.scope }
    }

    pub(crate) fn shared_routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes)
    }

    pub(crate) fn set_route_params(&mut self, params: Params) {
        self.params = params;
    }

    pub(crate) fn route_params(&self) -> &Params {
        &self.params
    }

    /// The path parameter of this name, percent-decoded; `None` when the route has none, or when it is not UTF-8
    /// once decoded. Typed values are taken by [`Path`](crate::Path).
    ///
    /// # Examples
    ///
    /// ```
    /// use mainspring_web::{App, Request};
    ///
    /// async fn hello(request: Request) -> String {
    ///     format!("Hello, {}", request.param("name").unwrap_or("Anonymous".into()))
    /// }
    ///
    /// assert!(App::new().get("/", hello).get("/{name}", hello).build().is_ok());
    /// ```
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.params().find(|(own, _)| *own == name)?;
        percent_decoded(value, false)
    }

    /// The path parameters in order: name and value, the value still percent-encoded.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.routes.names(self.params.pattern);
        names.iter().zip(&self.params.values).map(|(name, value)| {
            // A route matches text, so its parts are text.
            (name.as_ref(), std::str::from_utf8(value.of(&self.head.bytes)).unwrap_or_default())
        })
    }

    pub(super) fn into_body_and_extensions(self) -> (Body, Extensions) {
        (self.body, self.extensions.into_inner())
    }

    pub(crate) fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    pub(crate) fn set_peer(&mut self, peer: Option<SocketAddr>) {
        self.peer = peer;
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.head.content_type()
    }

    /// Whether nobody said that there is a body, and there is none.
    pub(crate) fn is_without_body(&self) -> bool {
        self.content_type().is_none() && self.body.is_empty()
    }

    /// The media type of the body in lower case, without its parameters.
    pub(crate) fn essence(&self) -> Option<String> {
        let (essence, _) = self.content_type().map(|value| value.split_once(';').unwrap_or((value, "")))?;
        Some(essence.trim_ascii().to_ascii_lowercase())
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// A request without a route, for the tests of extractors.
    #[cfg(test)]
    pub(crate) fn sample(head: &str, body: &'static str) -> Self {
        let mut buffer = bytes::BytesMut::from(head);
        let mut decoder = crate::http1::Decoder::new(crate::http1::Limits::default());
        let incoming = decoder.head(&mut buffer).expect("the sample is valid").expect("the sample is whole");
        let routes = Arc::new(crate::App::new().build().expect("no routes, no conflict"));
        Self::new(incoming.head, Body::from(body), Params::default(), routes, None)
    }
}
