//! What a middleware attached, as an extractor.

use http::StatusCode;

use super::extract::{FromRequestParts, OptionalFromRequestParts};
use super::request::Request;
use crate::error::Error;

/// A clone of the value that a middleware attached to the request
/// ([`Request::extensions_mut`](crate::Request::extensions_mut)).
///
/// # Errors
///
/// 500 when nobody attached one. Take an `Option<Extension<T>>` where that is no fault.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Extension, Next, Request, Response};
///
/// #[derive(Clone)]
/// struct User(&'static str);
///
/// async fn login(mut request: Request, next: Next) -> Response {
///     request.extensions_mut().insert(User("Ada"));
///     next.run(request).await
/// }
///
/// async fn hello(Extension(User(name)): Extension<User>) -> String {
///     format!("Hello, {name}!")
/// }
///
/// assert!(App::new().get("/", hello).middleware(login).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromRequestParts for Extension<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Self::optional_from_request_parts(request).await?.ok_or_else(|| {
            let name = std::any::type_name::<T>();
            let message = format!("no middleware attached a {name} to the request");
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })
    }
}

impl<T: Clone + Send + Sync + 'static> OptionalFromRequestParts for Extension<T> {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        Ok(request.extensions().get::<T>().cloned().map(Self))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_value_that_nobody_attached_is_the_servers_fault_or_none() {
        let mut request = Request::sample("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "");
        let value = Extension::<u8>::from_request_parts(&mut request).now_or_never();
        let error = value.expect("nothing to wait for").expect_err("nobody attached it");
        assert!(error.is_server() && error.to_string().contains("u8"), "{error}");
        let value = Option::<Extension<u8>>::from_request_parts(&mut request).now_or_never();
        assert_eq!(value.expect("nothing to wait for").expect("absence is no error"), None);
        request.extensions_mut().insert(7_u8);
        let value = Extension::<u8>::from_request_parts(&mut request).now_or_never();
        assert_eq!(value.expect("nothing to wait for").expect("it is there"), Extension(7));
    }
}
