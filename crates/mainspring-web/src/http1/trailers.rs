//! The fields after a chunked body.

use super::fields::Fields;

/// The trailers of a chunked body (RFC 9110 §6.5): fields that came after its last chunk.
///
/// They are checked like headers and bounded by the same limits. Fields that must come before a body, because
/// they frame, route, modify, authenticate or describe it (RFC 9110 §6.5.1), are dropped: who trusted them here
/// could be told something else than whoever read the head.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use mainspring_web::http1::{Decoder, Limits, Piece};
///
/// let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
///                0\r\nChecksum: 1f\r\nHost: b\r\n\r\n";
/// let mut buffer = BytesMut::from(request);
/// let mut decoder = Decoder::new(Limits::default());
/// decoder.head(&mut buffer).unwrap().unwrap();
/// assert_eq!(decoder.body(&mut buffer).unwrap(), Some(Piece::End));
/// let trailers = decoder.trailers();
/// assert_eq!(trailers.first("checksum"), Some("1f"));
/// assert_eq!(trailers.first("host"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers {
    /// Whole lines, each with its end.
    lines: Vec<u8>,
}

impl Trailers {
    /// The first trailer of this name whose value is text; case does not matter in the name.
    pub fn first(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.fields().find(name)?).ok()
    }

    /// All trailers in order.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.lines)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes a checked line with its end, unless it is forbidden here.
    pub(super) fn push(&mut self, line: &[u8]) {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if !is_forbidden(name) {
            self.lines.extend_from_slice(line);
        }
    }
}

/// Whether a field must come before the body; in small letters.
fn is_forbidden(name: &[u8]) -> bool {
    const FORBIDDEN: &[&str] = &[
        // Framing and the connection.
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        // Routing.
        "forwarded",
        "host",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        // Controls and conditions of the request.
        "cache-control",
        "expect",
        "max-forwards",
        "pragma",
        "prefer",
        "range",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        // Who asks.
        "authorization",
        "cookie",
        "cookie2",
        "origin",
        "proxy-authorization",
        "referer",
        "user-agent",
        "proxy-authenticate",
        "www-authenticate",
        "proxy-authentication-info",
        "set-cookie",
        "set-cookie2",
        // What the body is.
        "content-encoding",
        "content-language",
        "content-location",
        "content-range",
        "content-type",
        // Control data of answers, which have no meaning in a request.
        "age",
        "date",
        "expires",
        "location",
        "retry-after",
        "vary",
        "warning",
    ];
    FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden.as_bytes()))
}
