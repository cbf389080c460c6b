//! Requests of the `http` crate into ours and back.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri, header};

use super::request::{Params, Request};
use crate::error::Error;
use crate::http1::{Head, Span, Target, Version, members};
use crate::payload::Body;
use crate::route::Routes;

impl Head {
    /// Writes the parts of a request of the `http` crate down as a head: the form that routes and extractors read.
    ///
    /// # Errors
    ///
    /// When the target is none that a server answers.
    pub(crate) fn from_parts(parts: &http::request::Parts) -> Result<Self, Error> {
        let mut bytes = Vec::with_capacity(256);
        let target = write_target(&mut bytes, &parts.uri);
        bytes.extend_from_slice(b"\r\n");
        let lines = bytes.len() as u32;
        let mut content_type = Span::default();
        let (mut option, mut protocol) = (false, false);
        for (name, value) in &parts.headers {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            let start = bytes.len();
            bytes.extend_from_slice(value.as_bytes());
            match *name {
                header::CONTENT_TYPE => content_type = Span::new(start, bytes.len()),
                header::CONNECTION => option |= has_upgrade(value),
                header::UPGRADE => protocol |= !value.is_empty(),
                _ => {}
            }
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::bad_request("the head is larger than 4 GiB"));
        }
        let version = match parts.version {
            http::Version::HTTP_10 => Version::Http10,
            http::Version::HTTP_2 => Version::Http2,
            _ => Version::Http11,
        };
        let method = parts.method.clone();
        let head = Self::new(bytes.into(), method, version, target, lines);
        Ok(head.with_content_type(content_type).with_upgrade(option && protocol))
    }
}

/// Whether a value of `Connection` names the option.
fn has_upgrade(value: &HeaderValue) -> bool {
    members(value.as_bytes()).any(|option| option.eq_ignore_ascii_case(b"upgrade"))
}

fn write_target(bytes: &mut Vec<u8>, uri: &Uri) -> Target {
    let authority = uri.authority().map(|authority| {
        bytes.extend_from_slice(authority.as_str().as_bytes());
        Span::new(0, bytes.len())
    });
    let start = bytes.len();
    // An empty path stands for the root (RFC 9110 §4.2.3).
    bytes.extend_from_slice(if uri.path().is_empty() { b"/" } else { uri.path().as_bytes() });
    let path = Span::new(start, bytes.len());
    let query = uri.query().map(|query| {
        bytes.push(b'?');
        let start = bytes.len();
        bytes.extend_from_slice(query.as_bytes());
        Span::new(start, bytes.len())
    });
    Target::new(path, query).with_authority(authority)
}

impl Request {
    /// A request that came as one of the `http` crate.
    ///
    /// # Errors
    ///
    /// Those of [`Head::from_parts`].
    pub(crate) fn from_http(
        request: http::Request<Body>,
        routes: Arc<Routes>,
        peer: Option<SocketAddr>,
    ) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let head = Head::from_parts(&parts)?;
        let mut request = Self::new(head, body, Params::default(), routes, peer);
        *request.extensions_mut() = parts.extensions;
        Ok(request)
    }

    /// Turns it into a request of the `http` crate, as tower services take it.
    ///
    /// # Errors
    ///
    /// 400 when the target is none that the `http` crate can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mainspring_web::{App, Error, Request};
    /// async fn show(request: Request) -> Result<String, Error> {
    ///     let request: http::Request<_> = request.into_http()?;
    ///     Ok(request.uri().to_string())
    /// }
    /// # assert!(App::new().get("/", show).build().is_ok());
    /// ```
    pub fn into_http(self) -> Result<http::Request<Body>, Error> {
        let head = self.head().clone();
        let mut request = http::Request::new(Body::empty());
        *request.method_mut() = head.method().clone();
        *request.uri_mut() = uri(&head)?;
        *request.version_mut() = match head.version() {
            Version::Http10 => http::Version::HTTP_10,
            Version::Http11 => http::Version::HTTP_11,
            Version::Http2 => http::Version::HTTP_2,
        };
        for (name, value) in head.fields() {
            // Checked when the head was read; what the `http` crate holds stricter is passed over.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
            {
                request.headers_mut().append(name, value);
            }
        }
        let (body, extensions) = self.into_body_and_extensions();
        *request.extensions_mut() = extensions;
        *request.body_mut() = body;
        Ok(request)
    }
}

fn uri(head: &Head) -> Result<Uri, Error> {
    let target = match head.query() {
        None => head.path().to_owned(),
        Some(query) => format!("{}?{query}", head.path()),
    };
    let bad = |error: http::Error| Error::bad_request(format!("the request target is no URI: {error}"));
    match head.authority() {
        None => Uri::from_maybe_shared(Bytes::from(target)).map_err(|error| bad(error.into())),
        // HTTP/2 names the host here and nowhere else.
        Some(authority) => {
            let uri = Uri::builder().scheme("http").authority(authority).path_and_query(target);
            uri.build().map_err(bad)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(request: http::Request<Body>) -> Request {
        let routes = Arc::new(crate::App::new().build().expect("no routes, no conflict"));
        Request::from_http(request, routes, None).expect("it is valid")
    }

    #[test]
    fn a_request_of_the_http_crate_keeps_target_headers_and_body() {
        let request = http::Request::post("http://cats.example/a%20b?c=d")
            .header("X-One", "1")
            .header("content-type", "text/plain")
            .body(Body::from("Meow."))
            .expect("it is valid");
        let request = through(request);
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!((request.path(), request.query()), ("/a%20b", Some("c=d")));
        assert_eq!(request.host(), Some("cats.example"));
        assert_eq!(request.header("x-one"), Some("1"));
        assert_eq!(request.content_type(), Some("text/plain"));
        assert_eq!(request.body().as_bytes(), Some(&b"Meow."[..]));
    }

    #[test]
    fn a_request_of_the_http_crate_asks_for_another_protocol_in_http_1_1_only() {
        let wants = |version, option: &str, protocol: &str| {
            let request = http::Request::get("/").version(version);
            let request = request.header("connection", option).header("upgrade", protocol);
            through(request.body(Body::empty()).expect("it is valid")).head().wants("websocket")
        };
        assert!(wants(http::Version::HTTP_11, "keep-alive, Upgrade", "h2c, WebSocket"));
        assert!(!wants(http::Version::HTTP_11, "keep-alive", "websocket"));
        assert!(!wants(http::Version::HTTP_11, "upgrade", "h2c"));
        assert!(!wants(http::Version::HTTP_11, "upgrade", ""));
        assert!(!wants(http::Version::HTTP_10, "upgrade", "websocket"));
        assert!(!wants(http::Version::HTTP_2, "upgrade", "websocket"));
    }

    #[test]
    fn there_and_back_changes_nothing() {
        let request = http::Request::put("/a?b").header("x-one", "1").extension(7_u8).body(Body::empty());
        let back = through(request.expect("it is valid")).into_http().expect("it is valid");
        assert_eq!(back.method(), http::Method::PUT);
        assert_eq!(back.uri(), "/a?b");
        assert_eq!(back.headers()["x-one"], "1");
        assert_eq!(back.extensions().get::<u8>(), Some(&7));
    }
}
