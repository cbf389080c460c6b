//! The decoder of one connection's requests.

use std::mem::MaybeUninit;

use bytes::{Buf, BytesMut};
use http::{Method, StatusCode};

use super::body::{Chunked, Piece};
use super::framing::{Framing, TOO_LARGE, target};
use super::head::{Head, Version};
use super::limits::{Limits, MOST_HEADERS};
use super::refusal::Refusal;

/// Empty lines before a request line that are skipped (RFC 9112 §2.2 asks for one).
const BLANK_LIMIT: usize = 8;
/// What a request line holds beside its target, generously.
const LINE_SLACK: usize = 64;

/// A decoded head and what it says about the rest of the message.
#[derive(Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The head.
    pub head: Head,
    /// Whether the client lets the connection live on after the answer.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expect: Expect,
    /// Whether the client asks for another protocol on this connection.
    pub(crate) upgrade: bool,
    /// Whether the client takes trailers behind a chunked answer.
    pub(crate) trailers: bool,
}

/// Whether the client waits before it sends the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The body comes unasked, or there is none.
    Nothing,
    /// The body comes after `100 Continue`.
    Continue,
}

/// Decodes the requests of one connection, one after the other.
///
/// Call [`head`](Self::head) until it gives one, then [`body`](Self::body) until it gives
/// [`Piece::End`] (a request without a body gives it at once), then `head` again. Both take what they need
/// from the front of the buffer and give `None` when more bytes must be read into it. After a [`Refusal`] the
/// decoder must not be used again.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use mainspring_web::http1::{Decoder, Limits, Piece};
///
/// let mut buffer = BytesMut::from("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nMeow");
/// let mut decoder = Decoder::new(Limits::default());
/// let incoming = decoder.head(&mut buffer).unwrap().unwrap();
/// assert_eq!(incoming.head.path(), "/echo");
/// assert!(incoming.keep_alive);
/// assert_eq!(decoder.body(&mut buffer).unwrap(), Some(Piece::Data("Meow".into())));
/// assert_eq!(decoder.body(&mut buffer).unwrap(), Some(Piece::End));
/// ```
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    body: Body,
    /// Bytes at the front of the buffer that are known to hold no end of a head.
    scanned: usize,
    blanks: usize,
}

#[derive(Debug)]
enum Body {
    Length(u64),
    /// A counted body beyond the limit.
    TooLarge(u64),
    Chunked(Chunked),
}

impl Decoder {
    /// Makes a decoder for a fresh connection.
    pub fn new(limits: Limits) -> Self {
        // Offsets into a head have 32 bits.
        let limits = Limits { head: limits.head.min(u32::MAX as usize), ..limits };
        Self { limits, body: Body::Length(0), scanned: 0, blanks: 0 }
    }

    /// Takes the next head from the front of the buffer; `None` when it is not complete.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the head is malformed, ambiguous or beyond a limit.
    #[inline]
    pub fn head(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, Refusal> {
        match buffer.first().copied() {
            None => return Ok(None),
            Some(..=b'\r') if !self.skip_blanks(buffer)? => return Ok(None),
            Some(_) => {}
        }
        if self.scanned > 0 && !ends(buffer, self.scanned) {
            return self.wait(buffer);
        }
        let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let count = self.limits.headers.min(MOST_HEADERS);
        let mut request = httparse::Request::new(&mut []);
        let size = match request.parse_with_uninit_headers(buffer, &mut headers[..count]) {
            Ok(httparse::Status::Complete(size)) => size,
            Ok(httparse::Status::Partial) => return self.wait(buffer),
            Err(error) => return Err(malformed(error)),
        };
        let (parsed, framing) = self.check(buffer, size, &request)?;
        let Parsed { method, version, target, lines } = parsed;
        let head = Head {
            method,
            version,
            target,
            lines,
            content_type: framing.content_type,
            bytes: buffer.split_to(size).freeze(),
        };
        self.scanned = 0;
        self.blanks = 0;
        Ok(Some(self.begin(head, &framing)))
    }

    /// Takes the next piece of the body from the front of the buffer; `None` when there is nothing of it.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when a chunked body is malformed or beyond a limit.
    #[inline]
    pub fn body(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Refusal> {
        match &mut self.body {
            Body::Length(0) => Ok(Some(Piece::End)),
            Body::Length(_) if buffer.is_empty() => Ok(None),
            Body::Length(left) => {
                let count = buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                Ok(Some(Piece::Data(buffer.split_to(count))))
            }
            Body::Chunked(chunked) => chunked.decode(buffer),
            Body::TooLarge(_) => Err(TOO_LARGE),
        }
    }

    /// Sets the limit of this body in place of [`Limits::body`], which is known when the route is.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with 413 when the body is already known to be larger.
    pub fn limit_body(&mut self, limit: u64) -> Result<(), Refusal> {
        match &mut self.body {
            Body::Length(left) | Body::TooLarge(left) => {
                let left = *left;
                self.body = if left > limit { Body::TooLarge(left) } else { Body::Length(left) };
                if left > limit { Err(TOO_LARGE) } else { Ok(()) }
            }
            Body::Chunked(chunked) => {
                chunked.limit(limit);
                Ok(())
            }
        }
    }

    /// Bytes of a counted body that are still to come; `None` when the body is chunked.
    ///
    /// Whoever reads them past the buffer reports them with [`bypass`](Self::bypass).
    pub fn missing(&self) -> Option<u64> {
        match self.body {
            Body::Length(left) | Body::TooLarge(left) => Some(left),
            Body::Chunked(_) => None,
        }
    }

    /// Notes that `count` bytes of a counted body were read past the buffer.
    pub fn bypass(&mut self, count: usize) {
        if let Body::Length(left) = &mut self.body {
            *left = left.saturating_sub(count as u64);
        }
    }

    fn begin(&mut self, head: Head, framing: &Framing) -> Incoming {
        self.body = if framing.chunked {
            Body::Chunked(Chunked::new(self.limits.body, self.limits.head))
        } else {
            let length = framing.length.unwrap_or(0);
            if length > self.limits.body as u64 { Body::TooLarge(length) } else { Body::Length(length) }
        };
        let modern = head.version == Version::Http11;
        let has_body = framing.chunked || framing.length.is_some_and(|length| length > 0);
        let expect = if framing.expect && modern && has_body { Expect::Continue } else { Expect::Nothing };
        let keep_alive = !framing.close && (modern || framing.keep_alive);
        let (upgrade, trailers) = (framing.upgrade && modern, framing.trailers && modern);
        Incoming { head, keep_alive, expect, upgrade, trailers }
    }

    /// Everything `httparse` leaves open: line ends, target, headers that decide about the framing, limits.
    #[inline]
    fn check(
        &self,
        buffer: &[u8],
        size: usize,
        request: &httparse::Request<'_, '_>,
    ) -> Result<(Parsed, Framing), Refusal> {
        const COMPLETE: &str = "a complete head has a method, a target and a version";
        let method = request.method.expect(COMPLETE);
        let path = request.path.expect(COMPLETE);
        let version = if request.version.expect(COMPLETE) == 0 { Version::Http10 } else { Version::Http11 };
        if path.len() > self.limits.target {
            return Err(TARGET_TOO_LONG);
        }
        if size > self.limits.head {
            return Err(HEAD_TOO_LONG);
        }
        // The last line and the empty one; every other line end is before a header's name.
        if buffer.get(size.wrapping_sub(4)..size) != Some(b"\r\n\r\n") {
            return Err(BARE_LINE_FEED);
        }
        let offset = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(buffer.as_ptr() as usize);
        let target = target(method, path.as_bytes(), offset(path.as_bytes()))?;
        let lines = request.headers.first().map_or(size - 2, |header| offset(header.name.as_bytes()));
        let mut framing = Framing::default();
        for header in request.headers.iter() {
            let start = offset(header.name.as_bytes());
            if buffer.get(start.wrapping_sub(2)) != Some(&b'\r') {
                return Err(BARE_LINE_FEED);
            }
            framing.header(header.name, header.value, offset(header.value))?;
        }
        framing.finish(version)?;
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| Refusal::bad("the method is no token"))?;
        Ok((Parsed { method, version, target, lines: lines as u32 }, framing))
    }

    /// The head is not complete: refuses it when it never can be within the limits.
    #[cold]
    fn wait(&mut self, buffer: &BytesMut) -> Result<Option<Incoming>, Refusal> {
        self.scanned = buffer.len();
        if buffer.len() > self.limits.target.saturating_add(LINE_SLACK)
            && memchr::memchr(b'\n', buffer).is_none()
        {
            return Err(TARGET_TOO_LONG);
        }
        if buffer.len() > self.limits.head {
            return Err(HEAD_TOO_LONG);
        }
        Ok(None)
    }

    /// Skips empty lines before a request line; whether anything is left.
    #[cold]
    fn skip_blanks(&mut self, buffer: &mut BytesMut) -> Result<bool, Refusal> {
        loop {
            match buffer.get(..2) {
                Some(b"\r\n") if self.blanks < BLANK_LIMIT => {
                    self.blanks += 1;
                    buffer.advance(2);
                }
                Some([b'\r', _]) => return Err(Refusal::bad("empty lines stand where a request must begin")),
                _ if buffer.first() == Some(&b'\n') => return Err(BARE_LINE_FEED),
                _ => return Ok(!matches!(buffer.first(), None | Some(b'\r'))),
            }
        }
    }
}

struct Parsed {
    method: Method,
    version: Version,
    target: super::head::Target,
    lines: u32,
}

const BARE_LINE_FEED: Refusal = Refusal::bad("a line of the head ends without a carriage return");
const TARGET_TOO_LONG: Refusal =
    Refusal::new(StatusCode::URI_TOO_LONG, "the request target is longer than the limit");
const HEAD_TOO_LONG: Refusal =
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is longer than the limit");

/// Whether an empty line ends the head, looking only at what is new since `scanned`.
fn ends(buffer: &[u8], scanned: usize) -> bool {
    let fresh = buffer.get(scanned.saturating_sub(3)..).unwrap_or_default();
    memchr::memchr_iter(b'\n', fresh).any(|at| {
        let rest = fresh.get(at + 1..).unwrap_or_default();
        rest.starts_with(b"\n") || rest.starts_with(b"\r\n")
    })
}

#[cold]
fn malformed(error: httparse::Error) -> Refusal {
    match error {
        httparse::Error::HeaderName => Refusal::bad("a header's name is malformed"),
        httparse::Error::HeaderValue => Refusal::bad("a header's value holds a control byte"),
        httparse::Error::NewLine => Refusal::bad("a line end is malformed"),
        httparse::Error::TooManyHeaders => {
            Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are more headers than the limit")
        }
        httparse::Error::Version => Refusal::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "the version is neither HTTP/1.0 nor HTTP/1.1",
        ),
        httparse::Error::Token | httparse::Error::Status => Refusal::bad("the request line is malformed"),
    }
}
