//! Answers that send the client elsewhere.

use http::StatusCode;

use super::into_response::IntoResponse;
use super::response::Response;
use super::url;

/// Sends the client to another URL (RFC 9110 §15.4).
///
/// The URL may be relative. What cannot stand in one (blanks, letters beyond ASCII) is percent-encoded; what
/// comes from a client should be checked nevertheless, or it may lead anywhere.
///
/// # Examples
///
/// ```
/// use mainspring_web::{IntoResponse, Redirect, StatusCode};
///
/// let response = Redirect::see_other("/cats/Löwe").into_response();
/// assert_eq!(response.status(), StatusCode::SEE_OTHER);
/// assert_eq!(response.header("location"), Some("/cats/L%C3%B6we"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Redirect {
    status: StatusCode,
    location: String,
}

impl Redirect {
    /// To be fetched there with `GET`, after a form was sent, say: 303.
    pub fn see_other(location: impl AsRef<str>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: url(location.as_ref()) }
    }

    /// To be sent there in the same way, this time: 307.
    pub fn temporary(location: impl AsRef<str>) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, location: url(location.as_ref()) }
    }

    /// To be sent there in the same way from now on: 308. Clients remember it.
    pub fn permanent(location: impl AsRef<str>) -> Self {
        Self { status: StatusCode::PERMANENT_REDIRECT, location: url(location.as_ref()) }
    }

    /// Where it leads to.
    pub fn location(&self) -> &str {
        &self.location
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        let response = Response::new(self.status).with_header("location", self.location);
        response.unwrap_or_else(IntoResponse::into_response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_status() {
        assert_eq!(Redirect::see_other("/").into_response().status(), StatusCode::SEE_OTHER);
        assert_eq!(Redirect::temporary("/").into_response().status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(Redirect::permanent("/").into_response().status(), StatusCode::PERMANENT_REDIRECT);
    }

    #[test]
    fn no_line_can_be_injected() {
        let response = Redirect::see_other("/a\r\nset-cookie: b").into_response();
        assert_eq!(response.header("location"), Some("/a%0D%0Aset-cookie:%20b"));
    }

    #[test]
    fn what_is_encoded_already_stays() {
        assert_eq!(Redirect::see_other("/a%20b?c=d&e#f").location(), "/a%20b?c=d&e#f");
    }
}
