//! The head of a request: method, target, version and headers in one slice of the read buffer.

use bytes::Bytes;
use http::Method;

use super::fields::Fields;
use super::framing::members;

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
    /// What hardly any request has: kept apart, because a head is moved a few times on its way.
    pub(super) rare: Option<Box<Rare>>,
    pub(super) path: Span,
    /// Behind the question mark; it starts at 0 where there is none, which no query does.
    pub(super) query: Span,
    /// Found while the framing is decided; most extractors of bodies want it.
    pub(crate) content_type: Span,
    /// Where the header lines begin.
    pub(crate) lines: u32,
    pub(super) method: Known,
    pub(super) version: Version,
    /// Whether the client asks for another protocol.
    pub(super) upgrade: bool,
}

/// The odd parts of a request line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rare {
    /// A method that is none of the known.
    pub(super) method: Method,
    /// Only in absolute form (`GET http://host/path`), where it overrides `Host`; else empty.
    pub(super) authority: Span,
}

/// The methods that have a name of their own here; the others are `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Get,
    Post,
    Head,
    Put,
    Delete,
    Patch,
    Options,
    Other,
}

impl Known {
    pub(super) fn new(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Get,
            Method::POST => Self::Post,
            Method::HEAD => Self::Head,
            Method::PUT => Self::Put,
            Method::DELETE => Self::Delete,
            Method::PATCH => Self::Patch,
            Method::OPTIONS => Self::Options,
            _ => Self::Other,
        }
    }
}

/// The parts of the request target as ranges of the head; all of them ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) path: Span,
    pub(super) query: Span,
    pub(super) authority: Span,
}

impl Target {
    #[inline(always)]
    pub(crate) fn new(path: Span, query: Option<Span>) -> Self {
        Self { path, query: query.unwrap_or_default(), authority: Span::default() }
    }

    pub(crate) fn with_authority(self, authority: Option<Span>) -> Self {
        Self { authority: authority.unwrap_or_default(), ..self }
    }
}

impl Head {
    /// A head that was not read from a connection of HTTP/1; the header lines begin at `lines`.
    pub(crate) fn new(bytes: Bytes, method: Method, version: Version, target: Target, lines: u32) -> Self {
        let known = Known::new(&method);
        let is_rare = known == Known::Other || !target.authority.is_empty();
        Self {
            bytes,
            rare: is_rare.then(|| Box::new(Rare { method, authority: target.authority })),
            path: target.path,
            query: target.query,
            content_type: Span::default(),
            lines,
            method: known,
            version,
            upgrade: false,
        }
    }

    /// The same with what its headers say about another protocol.
    pub(crate) fn with_upgrade(self, upgrade: bool) -> Self {
        Self { upgrade: upgrade && self.version == Version::Http11, ..self }
    }

    /// The same with the place of the value of `Content-Type`.
    pub(crate) fn with_content_type(self, content_type: Span) -> Self {
        Self { content_type, ..self }
    }

    /// The method.
    #[inline]
    pub fn method(&self) -> &Method {
        match self.method {
            Known::Get => &Method::GET,
            Known::Post => &Method::POST,
            Known::Head => &Method::HEAD,
            Known::Put => &Method::PUT,
            Known::Delete => &Method::DELETE,
            Known::Patch => &Method::PATCH,
            Known::Options => &Method::OPTIONS,
            Known::Other => self.rare.as_ref().map_or(&Method::GET, |rare| &rare.method),
        }
    }

    /// Whether the answer has no body, whatever it says.
    #[inline]
    pub(crate) fn is_head(&self) -> bool {
        self.method == Known::Head
    }

    /// Whether the request only reads (RFC 9110 §9.2.1), so that nobody but the client cares for its answer.
    #[inline]
    pub(crate) fn is_safe(&self) -> bool {
        match self.method {
            Known::Get | Known::Head | Known::Options => true,
            Known::Post | Known::Put | Known::Delete | Known::Patch => false,
            Known::Other => self.method().is_safe(),
        }
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The path of the target, as sent: percent-encoded, without the query. `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        self.text(self.path)
    }

    /// Where the path begins in the bytes of the head.
    #[inline]
    pub(crate) fn path_start(&self) -> u32 {
        self.path.start
    }

    /// The host in the target, which only an absolute form and HTTP/2 have there.
    pub(crate) fn authority(&self) -> Option<&str> {
        self.rare.as_ref().filter(|rare| !rare.authority.is_empty()).map(|rare| self.text(rare.authority))
    }

    #[inline]
    pub(crate) fn path_bytes(&self) -> &[u8] {
        self.path.of(&self.bytes)
    }

    /// The query of the target, as sent, without the question mark.
    pub fn query(&self) -> Option<&str> {
        if self.query.start == 0 { None } else { Some(self.text(self.query)) }
    }

    /// The host that the client asked for: the target's in absolute form, else the `Host` header's.
    pub fn host(&self) -> Option<&str> {
        self.authority().or_else(|| self.header("host"))
    }

    /// The protocol that the client asks for in place of HTTP/1.1: the value of `Upgrade`, when `Connection`
    /// names it and the request is one of HTTP/1.1 (RFC 9110 §7.8).
    ///
    /// The value may be a list, the most wanted first; [`wants`](Self::wants) looks for a member.
    pub fn upgrade(&self) -> Option<&str> {
        if self.upgrade { self.header("upgrade") } else { None }
    }

    /// Whether the client asks for this protocol (`websocket`, `h2c`) among others; case does not matter.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mainspring_web::http1::{Decoder, Limits};
    ///
    /// let request = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    /// let mut decoder = Decoder::new(Limits::default());
    /// let head = decoder.head(&mut BytesMut::from(request)).unwrap().unwrap().head;
    /// assert!(head.wants("WebSocket"));
    /// assert!(!head.wants("h2c"));
    /// ```
    pub fn wants(&self, protocol: &str) -> bool {
        self.upgrade
            && self
                .fields()
                .filter(|(name, _)| name.eq_ignore_ascii_case("upgrade"))
                .flat_map(|(_, value)| members(value))
                .any(|member| member.eq_ignore_ascii_case(protocol.as_bytes()))
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
