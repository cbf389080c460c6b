//! The request line and its host, as extractors.

use http::Method;

use super::extract::{FromRequestParts, OptionalFromRequestParts};
use super::request::Request;
use crate::error::Error;
use crate::http1::Version;

impl FromRequestParts for Method {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(request.method().clone())
    }
}

impl FromRequestParts for Version {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(request.version())
    }
}

/// The host that the client asked for, with its port if it named one: the target's, else the `Host` header's.
///
/// The client chooses it freely. What a proxy says of it is in [`Forwarded`](crate::Forwarded).
///
/// # Errors
///
/// 400 when there is none, which only HTTP/1.0 allows. Take an `Option<Host>` where that is no fault.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Host};
///
/// async fn whom(host: Host) -> String {
///     format!("{} at {}", host.name(), host.port().unwrap_or(80))
/// }
///
/// assert!(App::new().get("/", whom).build().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(pub String);

impl Host {
    /// Without the port; a literal IPv6 address keeps its brackets.
    pub fn name(&self) -> &str {
        self.split().0
    }

    /// The port.
    pub fn port(&self) -> Option<u16> {
        self.split().1?.parse().ok()
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.0.rsplit_once(':') {
            // A colon within brackets belongs to the address.
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (&self.0, None),
        }
    }
}

impl FromRequestParts for Host {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let host = Self::optional_from_request_parts(request).await?;
        host.ok_or_else(|| Error::bad_request("the header `host` is missing"))
    }
}

impl OptionalFromRequestParts for Host {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        Ok(request.host().filter(|host| !host.is_empty()).map(|host| Self(host.to_owned())))
    }
}

/// The path as the client sent it: percent-encoded, and whole within nested apps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginalPath(pub String);

impl FromRequestParts for OriginalPath {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(Self(request.head().path().to_owned()))
    }
}

/// The pattern of the route that matched, `/users/{id}` say: for names of metrics and spans.
///
/// # Errors
///
/// 500 where no route matched, which a handler never sees. In a middleware take an `Option<MatchedPath>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatchedPath(pub String);

impl FromRequestParts for MatchedPath {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let path = Self::optional_from_request_parts(request).await?;
        let error = || Error::new(http::StatusCode::INTERNAL_SERVER_ERROR, "no route matched the request");
        path.ok_or_else(error)
    }
}

impl OptionalFromRequestParts for MatchedPath {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        Ok(request.pattern().map(|pattern| Self(pattern.to_owned())))
    }
}

/// The query as sent, percent-encoded; empty when there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RawQuery(pub String);

impl FromRequestParts for RawQuery {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(Self(request.query().unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_split_from_its_name() {
        let rows = [
            ("cats.example", "cats.example", None),
            ("cats.example:8080", "cats.example", Some(8080)),
            ("[::1]", "[::1]", None),
            ("[::1]:8080", "[::1]", Some(8080)),
            ("cats.example:99999", "cats.example", None),
        ];
        for (host, name, port) in rows {
            let host = Host(host.to_owned());
            assert_eq!((host.name(), host.port()), (name, port), "{host:?}");
        }
    }
}
