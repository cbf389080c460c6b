//! The sure way to a head: step by step, from any part of it to the next.
//!
//! It decides what is refused and why, always at the first byte that cannot be right, so that it does not
//! matter how the bytes are cut on their way. Each byte is looked at once, however few come at a time.

use http::{Method, StatusCode};

use super::framing::Framing;
use super::head::{Known, Rare, Target, Version};
use super::limits::Limits;
use super::parse::Parsed;
use super::refusal::Refusal;
use super::scan;
use super::target::target;

/// Methods longer than this do not exist.
const METHOD_LIMIT: usize = 64;

/// How far a head has been decoded.
#[derive(Debug)]
pub(super) struct Progress {
    stage: Stage,
    /// Where the element begins that is at work.
    start: usize,
    /// Up to here everything was looked at.
    at: usize,
    /// The name of the header whose value is at work.
    name: (usize, usize),
    count: usize,
    method: Method,
    parsed: Parsed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Method,
    Target,
    Version,
    /// Behind the carriage return of the request line.
    RequestLineEnd,
    LineStart,
    Name,
    Value,
    /// Behind the carriage return of a header.
    LineEnd,
    /// Behind the carriage return of the empty line.
    LastLineEnd,
    Done,
}

pub(super) const BARE_LINE_FEED: Refusal = Refusal::bad("a line of the head ends without a carriage return");
const BARE_CARRIAGE_RETURN: Refusal = Refusal::bad("a carriage return stands alone");
const REQUEST_LINE: Refusal = Refusal::bad("the request line is malformed");
const TARGET_TOO_LONG: Refusal =
    Refusal::new(StatusCode::URI_TOO_LONG, "the request target is longer than the limit");
const HEAD_TOO_LONG: Refusal =
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is longer than the limit");
const TOO_MANY: Refusal =
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are more headers than the limit");

impl Progress {
    pub(super) fn new() -> Self {
        let parsed = Parsed {
            method: Known::Get,
            version: Version::Http11,
            target: Target::default(),
            lines: 0,
            size: 0,
            framing: Framing::default(),
        };
        Self { stage: Stage::Method, start: 0, at: 0, name: (0, 0), count: 0, method: Method::GET, parsed }
    }

    /// Goes on as far as the bytes reach; whether the head is complete. They begin where they began before.
    pub(super) fn advance(&mut self, bytes: &[u8], limits: &Limits) -> Result<bool, Refusal> {
        let window = bytes.get(..limits.head).unwrap_or(bytes);
        while self.stage != Stage::Done {
            let Some(byte) = window.get(self.at) else {
                return if window.len() < bytes.len() { Err(self.too_long()) } else { Ok(false) };
            };
            self.step(*byte, window, limits)?;
        }
        Ok(true)
    }

    /// What was found out; only for a complete head.
    pub(super) fn into_parts(self) -> (Parsed, Rare) {
        let authority = self.parsed.target.authority;
        (self.parsed, Rare { method: self.method, authority })
    }

    fn too_long(&self) -> Refusal {
        if self.stage == Stage::Target { TARGET_TOO_LONG } else { HEAD_TOO_LONG }
    }

    /// Takes the element that `byte`, the next one, belongs to, as far as it is there.
    fn step(&mut self, byte: u8, window: &[u8], limits: &Limits) -> Result<(), Refusal> {
        match self.stage {
            Stage::Method => self.method(window),
            Stage::Target => self.target(window, limits),
            Stage::Version => self.version(window),
            Stage::LineStart => self.line_start(byte, limits),
            Stage::Name => self.name(window),
            Stage::Value => self.value(window),
            Stage::RequestLineEnd | Stage::LineEnd | Stage::LastLineEnd => self.line_end(byte, window),
            Stage::Done => Ok(()),
        }
    }

    fn begin(&mut self, stage: Stage, start: usize) {
        self.stage = stage;
        self.start = start;
        self.at = start;
    }

    /// The byte after a run of the class, which is the element; `None` when the run may go on.
    fn run(&mut self, class: u8, window: &[u8]) -> Option<u8> {
        self.at += scan::run(class, window.get(self.at..).unwrap_or_default());
        window.get(self.at).copied()
    }

    fn element<'a>(&self, window: &'a [u8]) -> &'a [u8] {
        window.get(self.start..self.at).unwrap_or_default()
    }

    fn method(&mut self, window: &[u8]) -> Result<(), Refusal> {
        let stop = self.run(scan::TOKEN, window);
        let method = self.element(window);
        if method.len() > METHOD_LIMIT {
            return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "the method is longer than any known one"));
        }
        match stop {
            None => Ok(()),
            Some(b' ') if !method.is_empty() => {
                self.method = Method::from_bytes(method).map_err(|_| REQUEST_LINE)?;
                self.parsed.method = Known::new(&self.method);
                self.begin(Stage::Target, self.at + 1);
                Ok(())
            }
            Some(0x16) if method.is_empty() => Err(Refusal::bad("the client speaks TLS, this port does not")),
            Some(b'\n') => Err(BARE_LINE_FEED),
            Some(_) => Err(REQUEST_LINE),
        }
    }

    fn target(&mut self, window: &[u8], limits: &Limits) -> Result<(), Refusal> {
        let stop = self.run(scan::VISIBLE, window);
        let text = self.element(window);
        if text.len() > limits.target {
            return Err(TARGET_TOO_LONG);
        }
        match stop {
            None => Ok(()),
            Some(b' ') if !text.is_empty() => {
                self.parsed.target = target(self.method.as_str().as_bytes(), text, self.start)?;
                self.begin(Stage::Version, self.at + 1);
                Ok(())
            }
            Some(b'\r' | b'\n') if !text.is_empty() => Err(Refusal::bad("the request line has no version")),
            Some(b' ' | b'\r' | b'\n') => Err(REQUEST_LINE),
            Some(_) => Err(Refusal::bad("the request target holds a byte that must be encoded")),
        }
    }

    fn version(&mut self, window: &[u8]) -> Result<(), Refusal> {
        let stop = self.run(scan::VISIBLE, window);
        let text = self.element(window);
        if text.len() > b"HTTP/1.1".len() {
            return Err(unknown_version(text));
        }
        self.parsed.version = match (text, stop) {
            (_, None) => return Ok(()),
            (b"HTTP/1.1", Some(b'\r')) => Version::Http11,
            (b"HTTP/1.0", Some(b'\r')) => Version::Http10,
            (b"HTTP/1.1" | b"HTTP/1.0", Some(b'\n')) => return Err(BARE_LINE_FEED),
            (_, Some(b'\r' | b'\n')) => return Err(unknown_version(text)),
            _ => return Err(REQUEST_LINE),
        };
        self.begin(Stage::RequestLineEnd, self.at + 1);
        Ok(())
    }

    fn line_start(&mut self, byte: u8, limits: &Limits) -> Result<(), Refusal> {
        match byte {
            b'\r' => self.begin(Stage::LastLineEnd, self.at + 1),
            b'\n' => return Err(BARE_LINE_FEED),
            b' ' | b'\t' if self.count == 0 => {
                return Err(Refusal::bad("white space stands where the first header must begin"));
            }
            b' ' | b'\t' => return Err(Refusal::bad("a header is folded over several lines")),
            _ if self.count == limits.headers => return Err(TOO_MANY),
            _ => {
                self.count += 1;
                self.begin(Stage::Name, self.at);
            }
        }
        Ok(())
    }

    fn name(&mut self, window: &[u8]) -> Result<(), Refusal> {
        match self.run(scan::TOKEN, window) {
            None => Ok(()),
            Some(b':') if self.at > self.start => {
                self.name = (self.start, self.at);
                self.begin(Stage::Value, self.at + 1);
                Ok(())
            }
            Some(b' ' | b'\t') => Err(Refusal::bad("white space stands before the colon of a header")),
            Some(b'\r' | b'\n') => Err(Refusal::bad("a header has no colon")),
            Some(_) => Err(Refusal::bad("a header's name is malformed")),
        }
    }

    fn value(&mut self, window: &[u8]) -> Result<(), Refusal> {
        self.at += scan::value(window.get(self.at..).unwrap_or_default());
        match window.get(self.at) {
            None => Ok(()),
            Some(b'\r') => {
                self.stage = Stage::LineEnd;
                self.at += 1;
                Ok(())
            }
            Some(b'\n') => Err(BARE_LINE_FEED),
            Some(_) => Err(Refusal::bad("a header's value holds a control byte")),
        }
    }

    fn line_end(&mut self, byte: u8, window: &[u8]) -> Result<(), Refusal> {
        if byte != b'\n' {
            return Err(BARE_CARRIAGE_RETURN);
        }
        let next = self.at + 1;
        match self.stage {
            Stage::LastLineEnd => {
                self.parsed.framing.finish(self.parsed.version)?;
                self.parsed.size = next;
                self.begin(Stage::Done, next);
                return Ok(());
            }
            Stage::LineEnd => self.header(window)?,
            _ => self.parsed.lines = next,
        }
        self.begin(Stage::LineStart, next);
        Ok(())
    }

    /// The line that ends at the byte before the next one is whole.
    fn header(&mut self, window: &[u8]) -> Result<(), Refusal> {
        let (start, end) = self.name;
        let name = window.get(start..end).unwrap_or_default();
        let raw = window.get(self.start..self.at - 1).unwrap_or_default();
        let text = raw.trim_ascii_start();
        let offset = self.start + raw.len() - text.len();
        self.parsed.framing.header(name, text, offset)
    }
}

fn unknown_version(text: &[u8]) -> Refusal {
    if text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/")) {
        let reason = "the version is neither HTTP/1.0 nor HTTP/1.1";
        return Refusal::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, reason);
    }
    REQUEST_LINE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_at_a_time_costs_no_more_than_the_bytes() {
        let name = "n".repeat(20_000);
        let value = "v".repeat(20_000);
        let path = "p".repeat(10_000);
        let head = format!("GET /{path} HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\n\r\n");
        let limits = Limits::default();
        let mut progress = Progress::new();
        scan::count::take();
        for end in 1..=head.len() {
            let complete = progress.advance(&head.as_bytes()[..end], &limits).expect("the head is valid");
            assert_eq!(complete, end == head.len());
        }
        let looked_at = scan::count::take();
        // Each byte is looked at when it comes, and when the next one does; the target once more for its parts.
        assert!(looked_at < 3 * head.len(), "{looked_at} for {}", head.len());
    }

    #[test]
    fn all_methods_keep_their_names() {
        for method in ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "MKCOL"]
        {
            let head = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
            let mut progress = Progress::new();
            assert_eq!(progress.advance(head.as_bytes(), &Limits::default()), Ok(true));
            let (parsed, rare) = progress.into_parts();
            assert_eq!(rare.method.as_str(), method);
            assert_eq!(parsed.method == Known::Other, matches!(method, "TRACE" | "QUERY" | "MKCOL"));
        }
    }
}
