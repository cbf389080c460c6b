//! The two traits of extractors.

use std::future::Future;

use bytes::Bytes;

use super::request::Request;
use crate::error::Error;
use crate::payload::Body;
use crate::route::Demands;

/// Something a handler takes from a request by looking at it; may stand at any place.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Error, FromRequestParts, Request};
///
/// struct ApiKey(String);
///
/// impl FromRequestParts for ApiKey {
///     async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
///         let key = request.header("x-api-key").ok_or_else(|| Error::bad_request("x-api-key is missing"))?;
///         Ok(Self(key.to_owned()))
///     }
/// }
/// ```
pub trait FromRequestParts: Sized {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// When the request does not hold it: a 4xx error whose message names the field.
    ///
    /// An implementation may be an `async fn`: it may ask a database, but must leave the body alone.
    fn from_request_parts(request: &mut Request) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Says what the app must provide; checked when the routes are built, so that no request can fail for it.
    fn demand(_demands: &mut Demands) {}
}

/// Something a handler takes from a request as a whole, with the body; stands at the last place.
///
/// The parameter `M` only tells extractors that need the body ([`ViaRequest`]) from those that do not
/// ([`ViaParts`]), so that both may stand last.
pub trait FromRequest<M = ViaRequest>: Sized {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// When the request does not hold it: a 4xx error whose message names the field.
    ///
    /// An implementation may be an `async fn`.
    fn from_request(request: Request) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Says what the app must provide; checked when the routes are built.
    fn demand(_demands: &mut Demands) {}
}

/// Marks a [`FromRequest`] that comes from [`FromRequestParts`].
#[derive(Debug)]
pub enum ViaParts {}

/// Marks a [`FromRequest`] that takes the whole request.
#[derive(Debug)]
pub enum ViaRequest {}

impl<T: FromRequestParts + Send> FromRequest<ViaParts> for T {
    #[inline]
    async fn from_request(mut request: Request) -> Result<Self, Error> {
        T::from_request_parts(&mut request).await
    }

    fn demand(demands: &mut Demands) {
        T::demand(demands);
    }
}

/// What the extractor gives, or why it could not: the handler decides.
impl<T: FromRequestParts + Send> FromRequestParts for Result<T, Error> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(T::from_request_parts(request).await)
    }

    fn demand(demands: &mut Demands) {
        T::demand(demands);
    }
}

/// An extractor that may stand in an `Option`: `None` when the request does not hold it at all.
///
/// What is there but bad stays an error.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Error, OptionalFromRequestParts, Request};
///
/// struct ApiKey(u64);
///
/// impl OptionalFromRequestParts for ApiKey {
///     async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
///         let Some(key) = request.header("x-api-key") else { return Ok(None) };
///         let bad = |_| Error::bad_request("x-api-key is no number");
///         key.parse().map(|key| Some(Self(key))).map_err(bad)
///     }
/// }
///
/// async fn who(key: Option<ApiKey>) -> String {
///     key.map_or_else(|| "nobody".into(), |ApiKey(key)| format!("user {key}"))
/// }
///
/// assert!(mainspring_web::App::new().get("/who", who).build().is_ok());
/// ```
pub trait OptionalFromRequestParts: Sized {
    /// Takes it, if it is there.
    ///
    /// # Errors
    ///
    /// When it is there but bad: a 4xx error whose message names the field.
    fn optional_from_request_parts(
        request: &mut Request,
    ) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

/// The same for an extractor of the body.
pub trait OptionalFromRequest: Sized {
    /// Takes it, if it is there.
    ///
    /// # Errors
    ///
    /// When it is there but bad: a 4xx error whose message names the field.
    fn optional_from_request(request: Request) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

impl<T: OptionalFromRequestParts + Send> FromRequestParts for Option<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        T::optional_from_request_parts(request).await
    }
}

impl<T: OptionalFromRequest + Send> FromRequest<ViaRequest> for Option<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        T::optional_from_request(request).await
    }
}

impl FromRequest<ViaRequest> for Request {
    #[inline]
    async fn from_request(request: Request) -> Result<Self, Error> {
        Ok(request)
    }
}

/// The body as it comes: whole or piece by piece. It is a stream of its pieces, too.
impl FromRequest<ViaRequest> for Body {
    #[inline]
    async fn from_request(request: Request) -> Result<Self, Error> {
        Ok(request.into_body())
    }
}

impl FromRequest<ViaRequest> for Bytes {
    #[inline]
    async fn from_request(request: Request) -> Result<Self, Error> {
        request.into_body().collect().await
    }
}

impl FromRequest<ViaRequest> for String {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let body = request.into_body().collect().await?;
        match std::str::from_utf8(&body) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => {
                Err(Error::bad_request(format!("the body is not UTF-8 from byte {} on", error.valid_up_to())))
            }
        }
    }
}
