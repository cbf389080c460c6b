//! The middleware.

use std::sync::Arc;

use http::StatusCode;

use super::decoded::Decoded;
use crate::error::Error;
use crate::http1::Limits;
use crate::middleware::{Middleware, Next};
use crate::payload::Body;
use crate::request::Request;
use crate::request::coding::Coding;
use crate::response::{IntoResponse, Response};

/// Decompresses the bodies of requests: gzip, brotli, zstd and deflate, also one within another.
///
/// Handlers see the plain body and no `content-encoding`. It is decompressed as it is read, in pieces of at most
/// 16 KiB, so that memory stays flat whatever comes.
///
/// A body that is a bomb is refused with 413: one that is larger than [`limit`](Self::limit) once it is decompressed,
/// or that grows by more than [`ratio`](Self::ratio). A coding that is not known is refused with 415 and
/// `accept-encoding`, a body that is not of its coding with 400.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::Decompression;
///
/// let decompression = Decompression::new().limit(64 * 1024 * 1024).ratio(50);
/// let app = App::new().middleware(decompression).post("/", |text: String| async { text });
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Decompression {
    codings: Vec<Coding>,
    limit: Option<u64>,
    ratio: u32,
}

/// What a body may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) limit: u64,
    pub(super) ratio: u32,
}

/// More than this nobody encodes; each costs a decoder.
const MOST_CODINGS: usize = 2;

impl Decompression {
    /// Makes one with the limit of the route ([`Route::body_limit`](crate::Route::body_limit)), or the one that bodies
    /// have by default ([`Limits::body`]), and a ratio of 200.
    pub fn new() -> Self {
        Self { codings: Coding::ALL.into(), limit: None, ratio: 200 }
    }

    /// The most bytes that a body may have once it is decompressed, whatever its route says.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// How many times larger than what was sent a body may become, from 64 KiB on; at least 1.
    ///
    /// JSON and logs rarely shrink by more than 30 times; a file of zeros shrinks by 1,000 with gzip.
    #[must_use]
    pub fn ratio(mut self, times: u32) -> Self {
        self.ratio = times.max(1);
        self
    }

    /// Takes these codings only.
    #[must_use]
    pub fn codings(mut self, codings: impl IntoIterator<Item = Coding>) -> Self {
        self.codings = codings.into_iter().collect();
        self
    }

    /// The codings of a body, in the order in which they were applied; `identity` is none.
    fn codings_of(&self, request: &Request) -> Result<Vec<Coding>, Error> {
        let mut codings = Vec::new();
        for (_, value) in request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
        {
            let names = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            for name in names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity")) {
                let coding = std::str::from_utf8(name).ok().and_then(Coding::parse);
                match coding.filter(|coding| self.codings.contains(coding)) {
                    Some(coding) if codings.len() < MOST_CODINGS => codings.push(coding),
                    Some(_) => return Err(unsupported("the body is encoded too many times".to_owned())),
                    None => {
                        let name = name.escape_ascii();
                        return Err(unsupported(format!("the content encoding {name} is not supported")));
                    }
                }
            }
        }
        Ok(codings)
    }

    fn bounds(&self, request: &Request) -> Bounds {
        let limit = self.limit.unwrap_or_else(|| {
            let routes = request.routes();
            let (_, rules) = routes.answerer(&routes.find(request.head()));
            rules.body_limit.unwrap_or(Limits::default().body as u64)
        });
        Bounds { limit, ratio: self.ratio }
    }

    fn refuse(&self, error: Error) -> Response {
        let mut response = error.into_response();
        let names: Vec<_> = self.codings.iter().map(|coding| coding.name()).collect();
        response.set("accept-encoding", names.join(", ").as_bytes());
        response
    }
}

fn unsupported(message: String) -> Error {
    Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

impl Middleware for Decompression {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let codings = match self.codings_of(&request) {
            Ok(codings) => codings,
            Err(error) => return self.refuse(error),
        };
        if !codings.is_empty() {
            let bounds = self.bounds(&request);
            let mut body = std::mem::take(request.body_mut());
            for coding in codings.into_iter().rev() {
                body = Body::erase(None, Decoded::new(body, coding, bounds));
            }
            *request.body_mut() = body;
            request.head_mut().rewrite(&["content-encoding", "content-length"], None);
        }
        next.run(request).await
    }
}
