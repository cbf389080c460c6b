//! Answers about what was done.

use http::StatusCode;

use super::into_response::IntoResponse;
use super::part::ResponsePart;
use super::response::Response;
use super::url;
use crate::error::Error;

/// Says that something new is there, and where: 201 with `location` (RFC 9110 §15.3.2).
///
/// # Examples
///
/// ```
/// use mainspring_web::{Created, IntoResponse, Json};
///
/// let response = (Created::at("/cats/7"), Json(7)).into_response();
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.header("location"), Some("/cats/7"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Created {
    location: String,
}

impl Created {
    /// With the URL of what was made; what cannot stand in one is percent-encoded.
    pub fn at(location: impl AsRef<str>) -> Self {
        Self { location: url(location.as_ref()) }
    }
}

impl ResponsePart for Created {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        response.set_status(StatusCode::CREATED);
        response.insert("location", self.location)
    }
}

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// Says that it is done and there is nothing to say: 204.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        Response::new(StatusCode::NO_CONTENT)
    }
}
