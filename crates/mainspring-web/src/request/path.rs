//! Path parameters as an extractor.

use serde::de::DeserializeOwned;

use super::extract::{FromRequestParts, OptionalFromRequestParts};
use super::request::Request;
use super::values::{InOrder, percent_decoded};
use crate::error::Error;

/// The parameters of the route, percent-decoded.
///
/// `T` may be a single value when the route has one parameter, a tuple for several in order, a struct or a
/// map by name: whatever `serde` can read from text.
///
/// # Errors
///
/// 400 when a value does not parse or is not UTF-8 once decoded; the message names the parameter.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Path};
///
/// async fn one(Path(id): Path<u64>) -> String {
///     format!("user {id}")
/// }
/// async fn two(Path((user, post)): Path<(u64, String)>) -> String {
///     format!("post {post} of user {user}")
/// }
///
/// let app = App::new().get("/users/{id}", one).get("/users/{id}/posts/{post}", two);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts for Path<T> {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let mut pairs = Vec::new();
        for (name, value) in request.params() {
            let value = percent_decoded(value, false).ok_or_else(|| {
                Error::bad_request(format!("the path parameter `{name}` is not UTF-8 once decoded"))
            })?;
            pairs.push((name.into(), value));
        }
        T::deserialize(InOrder::new(pairs))
            .map(Self)
            .map_err(|error| Error::bad_request(format!("bad path: {error}")))
    }
}

/// `None` where the route has no parameters.
impl<T: DeserializeOwned + Send> OptionalFromRequestParts for Path<T> {
    async fn optional_from_request_parts(request: &mut Request) -> Result<Option<Self>, Error> {
        if request.params().next().is_none() {
            return Ok(None);
        }
        Self::from_request_parts(request).await.map(Some)
    }
}
