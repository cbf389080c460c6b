//! The head of a request: method, target, version and headers in one slice of the read buffer.

use bytes::Bytes;
use http::Method;

use super::fields::Fields;

/// A range of the head's bytes. 32 bits suffice: a head is bounded by its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// The version of HTTP that a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
}

/// A checked request head.
///
/// It keeps the bytes of the read buffer alive and finds headers in them when asked; a clone costs one
/// reference count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub(crate) bytes: Bytes,
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) target: Target,
    /// Where the header lines begin.
    pub(crate) lines: u32,
    /// Found while the framing is decided; most extractors of bodies want it.
    pub(crate) content_type: Span,
}

/// The parts of the request target as ranges of the head; all of them ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: Span,
    pub(crate) query: Option<Span>,
    /// Only in absolute form (`GET http://host/path`), where it overrides `Host`.
    pub(crate) authority: Option<Span>,
}

impl Head {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The path of the target, as sent: percent-encoded, without the query. `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        self.text(self.target.path)
    }

    #[inline]
    pub(crate) fn path_bytes(&self) -> &[u8] {
        self.target.path.of(&self.bytes)
    }

    /// The query of the target, as sent, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.target.query.map(|span| self.text(span))
    }

    /// The host that the client asked for: the target's in absolute form, else the `Host` header's.
    pub fn host(&self) -> Option<&str> {
        match self.target.authority {
            Some(span) => Some(self.text(span)),
            None => self.header("host"),
        }
    }

    /// The first header of this name whose value is text; case does not matter in the name.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.fields().find(name)?).ok()
    }

    /// All headers in order.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(self.bytes.get(self.lines as usize..).unwrap_or_default())
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        if self.content_type.is_empty() { None } else { Some(self.text(self.content_type)) }
    }

    fn text(&self, span: Span) -> &str {
        std::str::from_utf8(span.of(&self.bytes)).unwrap_or_default()
    }
}
