//! Text and HTML.

use super::body::Body;
use super::content_type::ContentType;
use crate::response::{IntoResponse, Response};

/// An answer of type `text/plain; charset=utf-8`.
///
/// # Examples
///
/// ```
/// use mainspring_web::{IntoResponse, Text};
///
/// let response = Text("Meow.").into_response();
/// assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<T>(pub T);

/// An answer of type `text/html; charset=utf-8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html<T>(pub T);

impl<T: Into<Body>> IntoResponse for Text<T> {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Text, self.0.into())
    }
}

impl<T: Into<Body>> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Html, self.0.into())
    }
}
