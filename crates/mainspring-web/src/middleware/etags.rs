//! Tags of answers, and answers that the client has already.

use std::sync::Arc;

use http::{Method, StatusCode};
use twox_hash::XxHash3_128;

use super::{Middleware, Next};
use crate::conditional::{ETag, HttpDate, Preconditions, Validators, Verdict};
use crate::payload::Body;
use crate::request::Request;
use crate::response::Response;

/// Tags answers with a hash of their bodies, and answers 304 to a client that has the same already.
///
/// It tags answers of 200 to `GET` and `HEAD` whose body is in memory and at most 1 MiB ([`limit`](Self::limit)), unless
/// the handler has set an `etag` itself. Then it evaluates the preconditions of the request (RFC 9110 §13) by
/// `etag` and `last-modified`, also those of the handler: 304 without a body, or 412 for an `If-Match` that fails. The
/// handler has run by then, so it is the network that is spared; handlers that change something check
/// [`Preconditions`] themselves.
///
/// Add it after [`Compression`](super::Compression), so that it tags what is not compressed.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::ETags;
///
/// assert!(App::new().middleware(ETags::new()).get("/", || async { "Meow." }).build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct ETags {
    limit: usize,
}

impl ETags {
    /// Makes one for bodies up to 1 MiB.
    pub fn new() -> Self {
        Self { limit: 1024 * 1024 }
    }

    /// Leaves larger bodies alone; they are hashed at some 10 GB a second.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The tag of the handler, else that of the body.
    fn tag(&self, response: &mut Response) -> Option<ETag> {
        if let Some(own) = response.header("etag") {
            return own.parse().ok();
        }
        let bytes = response.body().as_bytes().filter(|bytes| bytes.len() <= self.limit)?;
        let tag = ETag::strong(format!("{:032x}", XxHash3_128::oneshot(bytes))).ok()?;
        response.set("etag", tag.to_string().as_bytes());
        Some(tag)
    }
}

impl Middleware for ETags {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return next.run(request).await;
        }
        let preconditions = Preconditions::of(&request);
        let mut response = next.run(request).await;
        if response.status() != StatusCode::OK {
            return response;
        }
        let mut validators = Validators::new();
        if let Some(tag) = self.tag(&mut response) {
            validators = validators.with_etag(tag);
        }
        if let Some(date) = response.header("last-modified").and_then(|date| date.parse::<HttpDate>().ok()) {
            validators = validators.with_last_modified(date);
        }
        let verdict = preconditions.evaluate(&validators);
        let Some(status) = verdict.status() else { return response };
        response.remove("content-type");
        response.remove("content-encoding");
        if verdict == Verdict::Failed {
            response.remove("etag");
        }
        response.with_status(status).with_body(Body::empty())
    }
}
