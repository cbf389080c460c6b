//! What the headers say about the message: where its body ends, whether the connection stays, who is asked.

use http::StatusCode;

use super::head::{Span, Target, Version};
use super::refusal::Refusal;

/// What a walk over the headers has found out.
#[derive(Default)]
pub(super) struct Framing {
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) host: bool,
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    pub(super) expect: bool,
    pub(super) upgrade: bool,
    pub(super) trailers: bool,
    pub(super) content_type: Span,
}

impl Framing {
    /// Takes one header into account; `at` is where its value starts in the head.
    #[inline]
    pub(super) fn header(&mut self, name: &str, value: &[u8], at: usize) -> Result<(), Refusal> {
        // The length of the name rules out nearly all headers with one comparison.
        match name.len() {
            2 if name.eq_ignore_ascii_case("te") => {
                let mut codings = value.split(|byte| *byte == b',');
                self.trailers |= codings.any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"));
                Ok(())
            }
            4 if name.eq_ignore_ascii_case("host") => self.host(value),
            6 if name.eq_ignore_ascii_case("expect") => self.expect(value),
            10 if name.eq_ignore_ascii_case("connection") => {
                self.connection(value);
                Ok(())
            }
            12 if name.eq_ignore_ascii_case("content-type") => {
                self.content_type = Span::new(at, at + value.len());
                Ok(())
            }
            14 if name.eq_ignore_ascii_case("content-length") => self.content_length(value),
            17 if name.eq_ignore_ascii_case("transfer-encoding") => self.transfer_encoding(value),
            _ => Ok(()),
        }
    }

    /// Checks what only all headers together can show.
    #[inline]
    pub(super) fn finish(&self, version: Version) -> Result<(), Refusal> {
        if !self.host && version == Version::Http11 {
            return Err(Refusal::bad("the Host header is missing"));
        }
        if self.chunked && self.length.is_some() {
            return Err(Refusal::bad("both Content-Length and Transfer-Encoding are given"));
        }
        if self.chunked && version == Version::Http10 {
            return Err(Refusal::bad("Transfer-Encoding does not exist in HTTP/1.0"));
        }
        Ok(())
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.host {
            return Err(Refusal::bad("the Host header is given twice"));
        }
        self.host = true;
        if is_host(value) { Ok(()) } else { Err(Refusal::bad("the Host header is no host")) }
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        self.expect = value.eq_ignore_ascii_case(b"100-continue");
        if self.expect {
            Ok(())
        } else {
            Err(Refusal::new(StatusCode::EXPECTATION_FAILED, "the only known expectation is 100-continue"))
        }
    }

    fn connection(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',') {
            let option = option.trim_ascii();
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(Refusal::bad("Content-Length is given twice"));
        }
        if value.is_empty() {
            return Err(Refusal::bad("Content-Length is empty"));
        }
        let mut length: u64 = 0;
        for byte in value {
            if !byte.is_ascii_digit() {
                return Err(Refusal::bad("Content-Length is not digits only"));
            }
            length = length
                .checked_mul(10)
                .and_then(|length| length.checked_add(u64::from(byte - b'0')))
                .ok_or(Refusal::bad("Content-Length is too large to be a number"))?;
        }
        self.length = Some(length);
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.chunked {
            return Err(Refusal::bad("Transfer-Encoding is given twice"));
        }
        if value.eq_ignore_ascii_case(b"chunked") {
            self.chunked = true;
            return Ok(());
        }
        let is_chunked = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
        let (mut count, mut last) = (0, false);
        for coding in value.split(|byte| *byte == b',') {
            last = is_chunked(coding);
            count += usize::from(last);
        }
        if value.is_empty() || count > 1 || (count == 1 && !last) {
            return Err(Refusal::bad("chunked must be the last transfer coding, and stand there once"));
        }
        Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "the only known transfer coding is chunked"))
    }
}

pub(super) const TOO_LARGE: Refusal =
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit");

/// Splits a request target that starts at `at` in the head into its parts.
#[inline]
pub(super) fn target(method: &str, target: &[u8], at: usize) -> Result<Target, Refusal> {
    if target.first() == Some(&b'/') {
        let (path, query) = path_and_query(target, at)?;
        return Ok(Target { path, query, authority: None });
    }
    odd_target(method, target, at)
}

/// The forms that are not a path: absolute, asterisk, authority.
#[cold]
fn odd_target(method: &str, target: &[u8], at: usize) -> Result<Target, Refusal> {
    if method == "CONNECT" {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is for proxies"));
    }
    if target == b"*" && method == "OPTIONS" {
        return Ok(Target { path: Span::new(at, at + 1), query: None, authority: None });
    }
    let scheme = ["http://", "https://"]
        .iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme.as_bytes())))
        .ok_or(Refusal::bad("the request target is neither a path nor a URL"))?
        .len();
    let rest = target.get(scheme..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.is_empty() || !is_host(authority) {
        return Err(Refusal::bad("the URL in the request target has no valid host"));
    }
    let start = at + scheme;
    let (mut path, query) = path_and_query(rest, start + end)?;
    if path.is_empty() {
        // An empty path means `/`, and the last byte of the scheme is one.
        path = Span::new(start - 1, start);
    }
    Ok(Target { path, query, authority: Some(Span::new(start, start + end)) })
}

fn path_and_query(target: &[u8], at: usize) -> Result<(Span, Option<Span>), Refusal> {
    let mut mark = None;
    for (index, byte) in target.iter().enumerate() {
        match byte {
            b'?' if mark.is_none() => mark = Some(index),
            b'#' | 0x80.. => {
                return Err(Refusal::bad("the request target holds a byte that must be encoded"));
            }
            _ => {}
        }
    }
    let end = at + target.len();
    Ok(match mark {
        None => (Span::new(at, end), None),
        Some(mark) => (Span::new(at, at + mark), Some(Span::new(at + mark + 1, end))),
    })
}

/// Bytes of `uri-host [":" port]`: registered names, IPv4, bracketed IPv6. No user info, path or list.
#[inline]
fn is_host(value: &[u8]) -> bool {
    // Without a way out in the middle: shorter code for values that are nearly always right.
    value.iter().fold(true, |valid, byte| valid & HOST_BYTES[usize::from(*byte)])
}

/// Looked up for every byte of every `Host`.
static HOST_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"-._~%!$&'()*+;=:[]";
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};
