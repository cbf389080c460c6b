//! An id for each request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use mainspring_task::context::Scoped;
use mainspring_task::context_var;
use pin_project_lite::pin_project;

use super::attached::{Watcher, attach};
use super::next::Run;
use super::{Middleware, Next};
use crate::error::Error;
use crate::http1::is_token;
use crate::request::{FromRequestParts, Request};
use crate::response::Response;

context_var! {
    /// The id of the request that is being answered; on each line of the log, and inherited by tasks.
    pub static REQUEST_ID: RequestId, logged;
}

/// The longest id that is taken from a client, in bytes.
const LONGEST: usize = 128;

/// Gives each request an id: the client's, or a new one.
///
/// The id stands in the header `x-request-id` of the answer, and on each line that the handler, what it spawns and
/// its stream write to the log (the context variable [`REQUEST_ID`]); handlers take it as a [`RequestId`].
///
/// An id of a client is taken when it has 1 to 128 letters, digits and `-_.:/+=@`; what is not valid is
/// replaced, never refused. At the border to the internet, [`own`](Self::own) makes ids that nobody else has
/// chosen.
///
/// Add it before [`AccessLog`](super::AccessLog), so that its lines carry the id.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::{RequestId, RequestIds};
///
/// let app = App::new()
///     .middleware(RequestIds::new())
///     .get("/", |id: RequestId| async move { format!("this is {id}") });
/// assert!(app.build().is_ok());
/// ```
pub struct RequestIds {
    header: String,
    taken: bool,
    make: Option<Make>,
}

type Make = Box<dyn Fn() -> String + Send + Sync>;

/// The id of a request, from [`RequestIds`]; cloning it costs a reference count.
///
/// As an extractor it refuses with 500 when the app has no [`RequestIds`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestIds {
    /// Takes valid ids from clients and makes 128 random bits, in hexadecimal digits, where there is none.
    pub fn new() -> Self {
        Self { header: "x-request-id".to_owned(), taken: true, make: None }
    }

    /// Uses another header.
    ///
    /// # Errors
    ///
    /// When the name is no token.
    pub fn header(mut self, name: impl Into<String>) -> Result<Self, Error> {
        self.header = name.into();
        if is_token(self.header.as_bytes()) {
            return Ok(self);
        }
        let message = format!("the header name {:?} is no token", self.header);
        Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message))
    }

    /// Takes no ids from clients.
    #[must_use]
    pub fn own(mut self) -> Self {
        self.taken = false;
        self
    }

    /// Makes ids by a function; one that gives no valid id is passed over for the default.
    #[must_use]
    pub fn make(mut self, make: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.make = Some(Box::new(make));
        self
    }

    fn id(&self, request: &Request) -> RequestId {
        let taken = if self.taken { request.header(&self.header) } else { None };
        if let Some(id) = taken.filter(|id| is_valid(id)) {
            return RequestId(id.into());
        }
        match self.make.as_ref().map(|make| make()).filter(|id| is_valid(id)) {
            Some(id) => RequestId(id.into()),
            None => RequestId::random(),
        }
    }
}

impl RequestId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn random() -> Self {
        let mut text = [0; 32];
        let (places, _none_left) = text.as_chunks_mut();
        let mut bits = fastrand::u128(..);
        for place in places {
            *place = digits(bits as u32);
            bits >>= 32;
        }
        Self(std::str::from_utf8(&text).unwrap_or_default().into())
    }
}

/// The eight hexadecimal digits of a number, all at once.
fn digits(number: u32) -> [u8; 8] {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut nibbles = u64::from(number);
    nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles | nibbles << 4) & (EACH * 0x0f);
    let letters = ((nibbles + EACH * 6) >> 4) & EACH;
    (nibbles + EACH * u64::from(b'0') + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

fn is_valid(id: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte);
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(valid)
}

impl Middleware for RequestIds {
    fn call(
        self: Arc<Self>,
        request: Request,
        next: Next,
    ) -> impl Future<Output = Response> + Send + 'static {
        let id = self.id(&request);
        Identified { rest: REQUEST_ID.scope(id.clone(), next.later(request)), id, ids: self }
    }
}

pin_project! {
    /// A type of its own: an async block would hold the future twice.
    struct Identified {
        #[pin]
        rest: Scoped<RequestId, Run>,
        id: RequestId,
        ids: Arc<RequestIds>,
    }
}

impl Future for Identified {
    type Output = Response;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let mut response = ready!(this.rest.poll(cx));
        response.set(&this.ids.header, this.id.0.as_bytes());
        if response.body().is_stream() {
            return Poll::Ready(response.map_body(|body| attach(body, Named(this.id.clone()))));
        }
        Poll::Ready(response)
    }
}

/// Keeps the variable set while a body is streamed.
struct Named(RequestId);

impl Watcher for Named {
    fn around<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        let _restore = Restore(REQUEST_ID.set(self.0.clone()));
        poll()
    }
}

/// Gives the variable its old value back.
struct Restore(Option<RequestId>);

impl Drop for Restore {
    fn drop(&mut self) {
        match self.0.take() {
            Some(id) => REQUEST_ID.set(id),
            None => REQUEST_ID.unset(),
        };
    }
}

impl FromRequestParts for RequestId {
    async fn from_request_parts(_request: &mut Request) -> Result<Self, Error> {
        REQUEST_ID.get().ok_or_else(|| {
            let message = "a handler takes RequestId, but the app has no RequestIds middleware";
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestIds")
            .field("header", &self.header)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_forge_a_line_or_a_header_are_not_valid() {
        for id in ["", "a b", "a\"", "a\r\nb", "é", "a;b", &"a".repeat(129)] {
            assert!(!is_valid(id), "{id:?}");
        }
        for id in ["a", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Root=1-67891233:abc", &"a".repeat(128)] {
            assert!(is_valid(id), "{id:?}");
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 0x0123_4567, 0x89ab_cdef, 0xffff_ffff] {
            assert_eq!(digits(number).as_slice(), format!("{number:08x}").as_bytes());
        }
    }

    #[test]
    fn ids_that_are_made_differ() {
        let (one, other) = (RequestId::random(), RequestId::random());
        assert_ne!(one, other);
        assert!(is_valid(one.as_str()) && one.as_str().len() == 32);
    }
}
