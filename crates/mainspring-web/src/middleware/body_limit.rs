//! A limit on the size of requests.

use std::sync::Arc;

use http::StatusCode;

use super::attached::{Watcher, attach};
use super::{Middleware, Next};
use crate::error::Error;
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Refuses requests whose body is larger than a limit with 413.
///
/// A body that says its length is refused before the handler is called. One that does not fails where the
/// handler reads past the limit, and the extractor's error is the 413.
///
/// It makes the limit of the server ([`Limits::body`](crate::Limits::body)) stricter, for an app or a route;
/// it cannot make it larger.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::BodyLimit;
///
/// let app = App::new().middleware(BodyLimit::new(64 * 1024)).post("/", |text: String| async { text });
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct BodyLimit {
    limit: u64,
}

impl BodyLimit {
    /// Makes one with a limit in bytes.
    pub fn new(limit: u64) -> Self {
        Self { limit }
    }
}

impl Middleware for BodyLimit {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        match request.body().len() {
            Some(length) if length > self.limit => return too_large(self.limit).into_response(),
            Some(_) => {}
            None => {
                let body = std::mem::take(request.body_mut());
                *request.body_mut() = attach(body, Left { limit: self.limit, left: self.limit });
            }
        }
        next.run(request).await
    }
}

struct Left {
    limit: u64,
    left: u64,
}

impl Watcher for Left {
    fn piece(&mut self, length: usize) -> Result<(), Error> {
        match self.left.checked_sub(length as u64) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(too_large(self.limit))
            }
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"))
}
