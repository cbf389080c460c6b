//! The answers where no handler has the word; middlewares surround them too.

use std::task::{Context, Poll};

use http::StatusCode;

use super::handler::Endpoint;
use super::reply::Reply;
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// The path is unknown.
pub(super) struct NotFound;

/// The path is known, the method is not.
pub(super) struct MethodNotAllowed;

/// Nobody else answers `OPTIONS`.
pub(super) struct Options;

/// The path is known with another slash.
pub(super) struct Redirect;

impl Endpoint for NotFound {
    fn call(&self, _request: Request, _reply: &mut Reply, _cx: &mut Context<'_>) -> Poll<Response> {
        Poll::Ready((StatusCode::NOT_FOUND, "there is nothing here").into_response())
    }
}

impl Endpoint for MethodNotAllowed {
    fn call(&self, request: Request, _reply: &mut Reply, _cx: &mut Context<'_>) -> Poll<Response> {
        let allow = request.routes().allow(request.head());
        Poll::Ready(with(StatusCode::METHOD_NOT_ALLOWED, "allow", &allow))
    }
}

impl Endpoint for Options {
    fn call(&self, request: Request, _reply: &mut Reply, _cx: &mut Context<'_>) -> Poll<Response> {
        Poll::Ready(match request.path() {
            // The server as a whole.
            "*" => Response::new(StatusCode::NO_CONTENT),
            _ => with(StatusCode::NO_CONTENT, "allow", &request.routes().allow(request.head())),
        })
    }
}

impl Endpoint for Redirect {
    fn call(&self, request: Request, reply: &mut Reply, cx: &mut Context<'_>) -> Poll<Response> {
        match request.routes().location(request.head()) {
            Some(location) => Poll::Ready(with(StatusCode::PERMANENT_REDIRECT, "location", &location)),
            None => NotFound.call(request, reply, cx),
        }
    }
}

fn with(status: StatusCode, name: &str, value: &str) -> Response {
    Response::new(status).with_header(name, value).unwrap_or_else(IntoResponse::into_response)
}
