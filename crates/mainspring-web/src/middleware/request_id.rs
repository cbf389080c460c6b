//! An id for each request.

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::StatusCode;
use mainspring_task::context::Held;
use mainspring_task::context_var;

use super::around::Around;
use super::attached::{Watcher, attach};
use super::{Middleware, Next};
use crate::error::Error;
use crate::http1::is_token;
use crate::request::{FromRequestParts, Request};
use crate::response::Response;
use crate::route::Reply;

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

/// The id of a request, from [`RequestIds`]; cloning it costs no more than a reference count.
///
/// As an extractor it refuses with 500 when the app has no [`RequestIds`].
#[derive(Clone)]
pub struct RequestId(Text);

#[derive(Clone)]
enum Text {
    /// Hexadecimal digits.
    Random([u8; DIGITS]),
    Other(Arc<str>),
}

/// Those of 128 bits.
const DIGITS: usize = 32;

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

    #[inline]
    fn identified(self: Arc<Self>, request: Option<&Request>) -> Identified {
        let id = self.id(request);
        Identified { held: REQUEST_ID.hold(id.clone()), id, ids: self }
    }

    fn id(&self, request: Option<&Request>) -> RequestId {
        let taken = request.filter(|_| self.taken).and_then(|request| request.header(&self.header));
        if let Some(id) = taken.filter(|id| is_valid(id)) {
            return RequestId(Text::Other(id.into()));
        }
        match self.make.as_ref().map(|make| make()).filter(|id| is_valid(id)) {
            Some(id) => RequestId(Text::Other(id.into())),
            None => RequestId::random(),
        }
    }
}

impl RequestId {
    /// The id.
    pub fn as_str(&self) -> &str {
        // Digits are text.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Random(digits) => digits,
            Text::Other(text) => text.as_bytes(),
        }
    }

    fn random() -> Self {
        let mut text = [0; DIGITS];
        let (places, _none_left) = text.as_chunks_mut();
        let mut bits = fastrand::u128(..);
        for place in places {
            *place = digits(bits as u32);
            bits >>= 32;
        }
        Self(Text::Random(text))
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
        self.identified(Some(&request)).later(request, next)
    }

    #[inline]
    fn enter(
        self: Arc<Self>,
        request: &mut Option<Request>,
        next: Next,
        reply: &mut Reply,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        self.identified(request.as_ref()).begin(request, next, reply, cx)
    }
}

/// A request that has its id.
struct Identified {
    held: Held<RequestId>,
    id: RequestId,
    ids: Arc<RequestIds>,
}

impl Around for Identified {
    #[inline]
    fn poll(
        &mut self,
        reply: &mut Reply,
        cx: &mut Context<'_>,
        rest: impl FnOnce(&mut Reply, &mut Context<'_>) -> Poll<Response>,
    ) -> Poll<Response> {
        let mut polled = self.held.run(|| rest(reply, cx));
        if let Poll::Ready(response) = &mut polled {
            response.set(&self.ids.header, self.id.as_bytes());
            if response.body().is_stream() {
                let body = std::mem::take(response.body_mut());
                *response.body_mut() = attach(body, Named(REQUEST_ID.hold(self.id.clone())));
            }
        }
        polled
    }
}

/// Keeps the variable set while a body is streamed.
struct Named(Held<RequestId>);

impl Watcher for Named {
    fn around<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        self.0.run(poll)
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

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RequestId {}

impl Hash for RequestId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
