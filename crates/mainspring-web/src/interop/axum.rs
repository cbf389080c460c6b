//! Extractors and answers of axum.

use axum_core::extract as axum;
use axum_core::response::IntoResponse as AxumResponse;
use http::request::Parts;

use crate::error::Error;
use crate::payload::Body;
use crate::request::{FromRequest, FromRequestParts, Request, ViaRequest};
use crate::response::{IntoResponse, Response};

/// Lets extractors and answers that were written for axum serve here.
///
/// As an argument of a handler, `Axum<T>` takes what `T` takes by axum-core's `FromRequestParts` or
/// `FromRequest`, with `()` as the state. As an answer, it gives what `T` gives by its `IntoResponse`. When
/// an extractor refuses, its status and text are the answer. Extractors that only axum's own router can fill (its
/// `Path` and `MatchedPath`) refuse.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, interop::Axum};
/// use std::collections::HashMap;
///
/// async fn hello(Axum(query): Axum<axum::extract::Query<HashMap<String, String>>>) -> Axum<axum::Json<usize>> {
///     Axum(axum::Json(query.len()))
/// }
///
/// assert!(App::new().get("/", hello).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axum<T>(pub T);

impl<T> FromRequestParts for Axum<T>
where
    T: axum::FromRequestParts<()> + Send,
{
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let mut parts = parts(request)?;
        let taken = T::from_request_parts(&mut parts, &()).await;
        // What was attached to the request, also by the extractor, stays there.
        *request.extensions_mut() = parts.extensions;
        taken_or_refused(taken.map_err(AxumResponse::into_response)).await
    }
}

impl<T> FromRequest<ViaRequest> for Axum<T>
where
    T: axum::FromRequest<()> + Send,
{
    async fn from_request(request: Request) -> Result<Self, Error> {
        let request = request.into_http()?.map(axum_core::body::Body::new);
        let taken = T::from_request(request, &()).await;
        taken_or_refused(taken.map_err(AxumResponse::into_response)).await
    }
}

impl<T: AxumResponse> IntoResponse for Axum<T> {
    fn into_response(self) -> Response {
        Response::from_http(self.0.into_response())
    }
}

/// The head as axum sees it; takes the extensions.
fn parts(request: &mut Request) -> Result<Parts, Error> {
    let params = request.route_params().clone();
    let mut bare = Request::new(request.head().clone(), Body::empty(), params, request.shared_routes(), None);
    *bare.extensions_mut() = std::mem::take(request.extensions_mut());
    Ok(bare.into_http()?.into_parts().0)
}

async fn taken_or_refused<T>(taken: Result<T, axum_core::response::Response>) -> Result<Axum<T>, Error> {
    let refusal = match taken {
        Ok(value) => return Ok(Axum(value)),
        Err(refusal) => Response::from_http(refusal),
    };
    let status = refusal.status();
    let text = refusal.into_body().collect().await.unwrap_or_default();
    Err(Error::new(status, String::from_utf8_lossy(&text)))
}
