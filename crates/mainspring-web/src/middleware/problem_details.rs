//! Errors as problem details.

use std::sync::Arc;

use super::middleware::Middleware;
use super::next::Next;
use crate::request::{Request, accepts};
use crate::response::{IntoResponse, Problem, Response};

/// Turns errors that are plain text into problem details (RFC 9457), for all routes that it surrounds.
///
/// An answer of status 400 or more without a body, or with one of type `text/plain` in memory, becomes a
/// [`Problem`] with the text as its `detail`; its headers stay. So do unknown paths and refused methods. Any other
/// answer stays as it is.
///
/// # Examples
///
/// ```
/// use mainspring_web::middleware::ProblemDetails;
/// use mainspring_web::{App, Error};
///
/// let app = App::new()
///     .get("/cat", || async { Err::<(), _>(Error::not_found("the cat is out")) })
///     .middleware(ProblemDetails::new());
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProblemDetails {
    by_accept: bool,
}

impl ProblemDetails {
    /// For every client.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only for clients whose `Accept` names `application/problem+json` or `application/json` and does not prefer
    /// plain text.
    #[must_use]
    pub fn by_accept(mut self) -> Self {
        self.by_accept = true;
        self
    }
}

impl Middleware for ProblemDetails {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let wanted = !self.by_accept || wants_json(&request);
        let response = next.run(request).await;
        if wanted { described(response) } else { response }
    }
}

fn wants_json(request: &Request) -> bool {
    let named = ["application/problem+json", "application/json"];
    let best = named.into_iter().filter_map(|name| accepts::named(request, name)).max();
    best.is_some_and(|quality| quality > 0 && quality >= accepts::quality(request, "text/plain"))
}

fn described(mut response: Response) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let plain = response.header("content-type").is_none_or(|kind| kind.starts_with("text/plain"));
    let Some(text) = response.body().as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return response;
    };
    if !plain {
        return response;
    }
    let mut problem = Problem::new(status);
    if !text.is_empty() && Some(text) != status.canonical_reason() {
        problem = problem.with_detail(text);
    }
    let problem = problem.into_response();
    let kind = problem.header("content-type").unwrap_or_default().to_owned();
    // A constant of ours is a valid header.
    let _valid = response.insert("content-type", kind);
    response.with_body(problem.into_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wants(accept: &str, expected: bool) {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{accept}\r\n");
        assert_eq!(wants_json(&Request::sample(&head, "")), expected, "{accept}");
    }

    #[test]
    fn clients_that_name_json_and_do_not_prefer_text_want_problems() {
        wants("", false);
        wants("Accept: */*\r\n", false);
        wants("Accept: text/html, */*;q=0.8\r\n", false);
        wants("Accept: application/json\r\n", true);
        wants("Accept: application/problem+json;q=0.5\r\n", true);
        wants("Accept: application/json, text/plain, */*\r\n", true);
        wants("Accept: application/json;q=0.5, text/plain\r\n", false);
        wants("Accept: application/json;q=0\r\n", false);
    }

    #[test]
    fn a_success_stays_as_it_is() {
        let response = described("text".into_response());
        assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    }
}
