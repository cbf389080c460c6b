//! The answers where no handler has the word; middlewares surround them too.

use http::StatusCode;

use super::handler::Endpoint;
use super::reply::Reply;
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// The path is unknown.
pub(super) struct NotFound;

/// The path is known, the method is not.
pub(super) struct MethodNotAllowed {
    pub(super) allow: String,
}

/// Nobody else answers `OPTIONS`.
pub(super) struct Options {
    /// `None` for the server as a whole.
    pub(super) allow: Option<String>,
}

impl Options {
    pub(super) fn everything() -> Self {
        Self { allow: None }
    }
}

impl Endpoint for NotFound {
    fn call(&self, _request: Request, reply: &mut Reply) {
        reply.ready((StatusCode::NOT_FOUND, "there is nothing here").into_response());
    }
}

impl Endpoint for MethodNotAllowed {
    fn call(&self, _request: Request, reply: &mut Reply) {
        reply.ready(allowing(StatusCode::METHOD_NOT_ALLOWED, &self.allow));
    }
}

impl Endpoint for Options {
    fn call(&self, _request: Request, reply: &mut Reply) {
        reply.ready(match &self.allow {
            Some(allow) => allowing(StatusCode::NO_CONTENT, allow),
            None => Response::new(StatusCode::NO_CONTENT),
        });
    }
}

fn allowing(status: StatusCode, allow: &str) -> Response {
    Response::new(status).with_header("allow", allow).unwrap_or_else(IntoResponse::into_response)
}
