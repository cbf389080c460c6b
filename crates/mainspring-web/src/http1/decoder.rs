//! The decoder of one connection's requests.

use bytes::{Buf, BytesMut};

use super::body::{Chunked, Piece};
use super::framing::{Flag, TOO_LARGE};
use super::head::{Head, Known, Rare, Version};
use super::limits::Limits;
use super::parse::{self, HostLine, Parsed};
use super::progress::{BARE_LINE_FEED, Progress};
use super::refusal::Refusal;
use super::trailers::Trailers;

/// Empty lines before a request line that are skipped (RFC 9112 §2.2 asks for one).
const BLANK_LIMIT: usize = 8;

/// A decoded head and what it says about the rest of the message.
#[derive(Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The head.
    pub head: Head,
    /// Whether the client lets the connection live on after the answer.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expect: Expect,
    /// Whether the client asks for another protocol on this connection; [`Head::upgrade`] says which.
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
    /// A head of which only a part has come.
    progress: Option<Box<Progress>>,
    host: HostLine,
    blanks: usize,
}

#[derive(Debug)]
enum Body {
    Length(u64),
    /// A counted body beyond the limit.
    TooLarge(u64),
    /// Boxed: it is large, and an idle connection has none.
    Chunked(Box<Chunked>),
}

impl Decoder {
    /// Makes a decoder for a fresh connection.
    pub fn new(limits: Limits) -> Self {
        // Offsets into a head have 32 bits.
        let limits = Limits { head: limits.head.min(u32::MAX as usize), ..limits };
        Self { limits, body: Body::Length(0), progress: None, host: HostLine::none(), blanks: 0 }
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
        if self.progress.is_none()
            && let Some(parsed) = parse::whole(buffer, &self.limits, &mut self.host)
        {
            return Ok(Some(self.begin(buffer, parsed, None)));
        }
        self.advance(buffer)
    }

    /// The way of heads that come in parts, are malformed or have a rare form.
    #[cold]
    #[inline(never)]
    fn advance(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, Refusal> {
        let mut progress = self.progress.take().unwrap_or_else(|| Box::new(Progress::new()));
        if progress.advance(buffer, &self.limits)? {
            let (parsed, rare) = progress.into_parts();
            let is_rare = parsed.method == Known::Other || !rare.authority.is_empty();
            return Ok(Some(self.begin(buffer, parsed, is_rare.then(|| Box::new(rare)))));
        }
        self.progress = Some(progress);
        Ok(None)
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
    /// The head is decided without it: a body beyond the limit is refused by [`body`](Self::body), or here. A
    /// greater limit than that of before takes back what was not yet refused there.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with 413 when the body is already known to be larger.
    pub fn limit_body(&mut self, limit: u64) -> Result<(), Refusal> {
        match &mut self.body {
            Body::Length(left) | Body::TooLarge(left) => {
                let left = *left;
                if left > limit {
                    self.body = Body::TooLarge(left);
                    return Err(TOO_LARGE);
                }
                self.body = Body::Length(left);
                Ok(())
            }
            Body::Chunked(chunked) => chunked.limit(limit),
        }
    }

    /// Takes the trailers of the body that has just ended; there are none but in a chunked one.
    pub fn trailers(&mut self) -> Trailers {
        match &mut self.body {
            Body::Chunked(chunked) => chunked.trailers(),
            Body::Length(_) | Body::TooLarge(_) => Trailers::default(),
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

    #[inline(always)]
    fn begin(&mut self, buffer: &mut BytesMut, parsed: Parsed, rare: Option<Box<Rare>>) -> Incoming {
        let Parsed { method, version, target, lines, size, framing } = parsed;
        let modern = version == Version::Http11;
        self.blanks = 0;
        if framing.has(Flag::Chunked) {
            self.begin_chunked();
        } else if framing.length > self.limits.body as u64 {
            self.body = Body::TooLarge(framing.length);
        } else {
            self.body = Body::Length(framing.length);
        }
        let head = Head {
            bytes: buffer.split_to(size).freeze(),
            rare,
            path: target.path,
            query: target.query,
            content_type: framing.content_type,
            lines: lines as u32,
            method,
            version,
            upgrade: modern && framing.has(Flag::Upgrade) && framing.has(Flag::Protocol),
        };
        let has_body = framing.length > 0 || framing.has(Flag::Chunked);
        let expect =
            if has_body && modern && framing.has(Flag::Expect) { Expect::Continue } else { Expect::Nothing };
        let keep_alive = !framing.has(Flag::Close) && (modern || framing.has(Flag::KeepAlive));
        let (upgrade, trailers) = (head.upgrade, modern && framing.has(Flag::Trailers));
        Incoming { head, keep_alive, expect, upgrade, trailers }
    }

    #[cold]
    fn begin_chunked(&mut self) {
        self.body = Body::Chunked(Box::new(Chunked::new(self.limits)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(lines: &str, body: usize) -> (Decoder, BytesMut) {
        let mut buffer = BytesMut::from(format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}").as_str());
        let mut decoder = Decoder::new(Limits { body, ..Limits::default() });
        assert!(decoder.head(&mut buffer).expect("the head is valid").is_some());
        (decoder, buffer)
    }

    #[test]
    fn a_greater_limit_takes_a_body_that_the_default_refuses() {
        let (mut decoder, mut buffer) = begun("Content-Length: 4\r\n\r\nMeow", 3);
        assert_eq!(decoder.body(&mut buffer), Err(TOO_LARGE));
        assert_eq!(decoder.limit_body(4), Ok(()));
        assert_eq!(decoder.body(&mut buffer), Ok(Some(Piece::Data("Meow".into()))));
        assert_eq!(decoder.body(&mut buffer), Ok(Some(Piece::End)));
    }

    #[test]
    fn a_smaller_limit_refuses_a_body_that_the_default_takes() {
        let (mut decoder, mut buffer) = begun("Content-Length: 4\r\n\r\nMeow", 10);
        assert_eq!(decoder.limit_body(3), Err(TOO_LARGE));
        assert_eq!(decoder.body(&mut buffer), Err(TOO_LARGE));
    }

    #[test]
    fn the_limit_of_a_route_ends_with_its_request() {
        let request = "Content-Length: 4\r\n\r\nMeowPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
        let (mut decoder, mut buffer) = begun(request, 3);
        assert_eq!(decoder.limit_body(4), Ok(()));
        assert_eq!(decoder.body(&mut buffer), Ok(Some(Piece::Data("Meow".into()))));
        assert!(decoder.head(&mut buffer).expect("the head is valid").is_some());
        assert_eq!(decoder.body(&mut buffer), Err(TOO_LARGE));
    }

    #[test]
    fn a_limit_counts_for_all_chunks() {
        let chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nMe\r\n2\r\now\r\n0\r\n\r\n";
        let (mut decoder, mut buffer) = begun(chunks, 1);
        assert_eq!(decoder.limit_body(3), Ok(()));
        assert_eq!(decoder.body(&mut buffer), Ok(Some(Piece::Data("Me".into()))));
        assert_eq!(decoder.body(&mut buffer), Err(TOO_LARGE));
    }

    #[test]
    fn a_limit_set_late_counts_what_has_come() {
        let (mut decoder, mut buffer) = begun("Transfer-Encoding: chunked\r\n\r\n2\r\nMe\r\n", 10);
        assert_eq!(decoder.body(&mut buffer), Ok(Some(Piece::Data("Me".into()))));
        assert_eq!(decoder.limit_body(2), Ok(()));
        assert_eq!(decoder.limit_body(1), Err(TOO_LARGE));
    }

    #[test]
    fn a_request_without_a_body_is_within_every_limit() {
        let (mut decoder, mut buffer) = begun("\r\n", 0);
        assert_eq!(decoder.limit_body(0), Ok(()));
        assert_eq!(decoder.body(&mut buffer), Ok(Some(Piece::End)));
    }
}
