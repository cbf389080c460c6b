//! A request with its body.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use crate::http1::{Fields, Head, Span, Version};
use crate::route::Routes;

/// A request whose body has arrived.
///
/// Head and body are slices of the connection's read buffer; headers are looked for when asked.
#[derive(Clone, Debug)]
pub struct Request {
    head: Head,
    body: Bytes,
    params: Params,
    routes: Arc<Routes>,
    peer: Option<SocketAddr>,
}

/// The path parameters of a matched route: which pattern it was and where in the head the values stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(crate) pattern: usize,
    pub(crate) values: Vec<Span>,
}

impl Request {
    #[inline]
    pub(crate) fn new(
        head: Head,
        body: Bytes,
        params: Params,
        routes: Arc<Routes>,
        peer: Option<SocketAddr>,
    ) -> Self {
        Self { head, body, params, routes, peer }
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
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Takes the body out.
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// The address of the client, or of the proxy in front.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The pattern of the route that matched, `/users/{id}` say.
    pub fn pattern(&self) -> Option<&str> {
        self.routes.pattern(self.params.pattern)
    }

    /// The path parameters in order: name and value, the value still percent-encoded.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.routes.names(self.params.pattern);
        names.iter().zip(&self.params.values).map(|(name, value)| {
            // A route matches text, so its parts are text.
            (name.as_ref(), std::str::from_utf8(value.of(&self.head.bytes)).unwrap_or_default())
        })
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.head.content_type()
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
        Self::new(incoming.head, Bytes::from_static(body.as_bytes()), Params::default(), routes, None)
    }
}
