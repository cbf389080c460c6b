//! The fast way to a head: one pass over a head that is there as a whole and has nothing odd about it.
//!
//! Whatever it does not take (a part of a head, a malformed one, a rare form) is left to
//! [`Progress`](super::progress::Progress), which decides alone what is refused and why. So this file may only
//! be too strict, never too lax; the tests hold the two against each other.

use super::framing::{Flag, Framing};
use super::head::{Known, Span, Target, Version};
use super::limits::Limits;
use super::scan;
use super::target::host;

/// A head that was checked whole.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) method: Known,
    pub(super) version: Version,
    pub(super) target: Target,
    /// Where the header lines begin.
    pub(super) lines: usize,
    /// Bytes of the head with the empty line.
    pub(super) size: usize,
    pub(super) framing: Framing,
}

/// Parses a head at the front of `bytes`; `None` says nothing but that somebody else must look.
#[inline(always)]
pub(super) fn whole(bytes: &[u8], limits: &Limits, last: &mut HostLine) -> Option<Parsed> {
    let bytes = bytes.get(..limits.head).unwrap_or(bytes);
    let (method, start) = method(bytes)?;
    let (target, rest) = target(bytes, start)?;
    if bytes.len() - rest.len() - start > limits.target {
        return None;
    }
    let (version, rest) = version(rest)?;
    let lines = bytes.len() - rest.len();
    let mut framing = Framing::default();
    let size = bytes.len() - headers(bytes, rest, limits.headers, &mut framing, last)?.len();
    framing.finish(version).ok()?;
    Some(Parsed { method, version, target, lines, size, framing })
}

/// The method and where the target starts.
#[inline(always)]
fn method(bytes: &[u8]) -> Option<(Known, usize)> {
    let word = scan::word(bytes)?;
    if starts(word, b"GET ") {
        return Some((Known::Get, 4));
    }
    if starts(word, b"POST ") {
        return Some((Known::Post, 5));
    }
    rarer_method(word)
}

fn rarer_method(word: u64) -> Option<(Known, usize)> {
    match word {
        _ if starts(word, b"HEAD ") => Some((Known::Head, 5)),
        _ if starts(word, b"PUT ") => Some((Known::Put, 4)),
        _ if starts(word, b"DELETE ") => Some((Known::Delete, 7)),
        _ if starts(word, b"PATCH ") => Some((Known::Patch, 6)),
        _ if starts(word, b"OPTIONS ") => Some((Known::Options, 8)),
        _ => None,
    }
}

/// Whether the bytes in the word start with the text, eight bytes at most.
#[inline(always)]
fn starts<const LENGTH: usize>(word: u64, text: &[u8; LENGTH]) -> bool {
    let mut wanted = [0; 8];
    let mut index = 0;
    while index < LENGTH {
        wanted[index] = text[index];
        index += 1;
    }
    word << (64 - 8 * LENGTH) == u64::from_le_bytes(wanted) << (64 - 8 * LENGTH)
}

/// A path with or without a query; with what follows.
#[inline(always)]
fn target(bytes: &[u8], start: usize) -> Option<(Target, &[u8])> {
    let rest = bytes.get(start..)?;
    if rest.first() != Some(&b'/') {
        return None;
    }
    let path = scan::run(scan::PATH, rest);
    let rest = rest.get(path..)?;
    let path = Span::new(start, start + path);
    let [b'?', rest @ ..] = rest else { return Some((Target::new(path, None), rest)) };
    let query = scan::run(scan::QUERY, rest);
    let rest = rest.get(query..)?;
    let start = path.end as usize + 1;
    Some((Target::new(path, Some(Span::new(start, start + query))), rest))
}

/// The rest of the request line; with what follows.
#[inline(always)]
fn version(bytes: &[u8]) -> Option<(Version, &[u8])> {
    // Two words that overlap are eleven bytes.
    const FRONT: u64 = u64::from_le_bytes(*b" HTTP/1.");
    const BACK11: u64 = u64::from_le_bytes(*b"TP/1.1\r\n");
    const BACK10: u64 = u64::from_le_bytes(*b"TP/1.0\r\n");
    let (text, rest) = bytes.split_first_chunk::<11>()?;
    if u64::from_le_bytes(*text.first_chunk()?) != FRONT {
        return None;
    }
    match u64::from_le_bytes(*text.last_chunk()?) {
        BACK11 => Some((Version::Http11, rest)),
        BACK10 => Some((Version::Http10, rest)),
        _ => None,
    }
}

/// All header lines and the empty one, which begin with `rest`; what follows.
#[inline(always)]
fn headers<'a>(
    bytes: &[u8],
    mut rest: &'a [u8],
    limit: usize,
    framing: &mut Framing,
    last: &mut HostLine,
) -> Option<&'a [u8]> {
    let mut count = 0;
    while rest.first() != Some(&b'\r') {
        if count == limit {
            return None;
        }
        count += 1;
        rest = match host_line(rest, framing, last) {
            Some(next) => next,
            None => line(bytes, rest, framing)?,
        };
    }
    rest.strip_prefix(b"\r\n")
}

/// The `Host` line of the request before, with its end.
///
/// The requests of a connection nearly always repeat it, and what was checked once is right again.
#[derive(Debug)]
pub(super) struct HostLine {
    bytes: [u8; 40],
    length: usize,
}

impl HostLine {
    /// No request has been there: a line that no line can equal.
    pub(super) const fn none() -> Self {
        Self { bytes: [0; 40], length: 1 }
    }

    #[inline(always)]
    fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Keeps a line that was checked; a longer one is checked each time.
    fn keep(&mut self, line: &[u8]) {
        if let Some(place) = self.bytes.get_mut(..line.len()) {
            place.copy_from_slice(line);
            self.length = line.len();
        }
    }
}

/// The header that every request has, as nearly all write it; what follows the line.
#[inline(always)]
fn host_line<'a>(rest: &'a [u8], framing: &mut Framing, last: &mut HostLine) -> Option<&'a [u8]> {
    const NAME: u64 = u64::from_le_bytes(*b"host: \0\0");
    const CASE: u64 = u64::from_le_bytes(*b"    \0\0\0\0");
    const KEPT: u64 = u64::MAX >> 16;
    let word = scan::word(rest)?;
    if (word | CASE) & KEPT != NAME || framing.has(Flag::Host) {
        return None;
    }
    let next = match rest.strip_prefix(last.text()) {
        Some(next) => next,
        None => fresh_host_line(rest, last)?,
    };
    framing.set(Flag::Host);
    Some(next)
}

#[inline(never)]
fn fresh_host_line<'a>(rest: &'a [u8], last: &mut HostLine) -> Option<&'a [u8]> {
    let value = rest.get(6..)?;
    let next = value.get(host(value)..)?.strip_prefix(b"\r\n")?;
    last.keep(rest.get(..rest.len() - next.len())?);
    Some(next)
}

/// Any header; what follows its line.
#[inline(always)]
fn line<'a>(bytes: &[u8], rest: &'a [u8], framing: &mut Framing) -> Option<&'a [u8]> {
    let (name, rest) = rest.split_at_checked(scan::run(scan::TOKEN, rest))?;
    let mut rest = rest.strip_prefix(b":")?;
    while let [b' ' | b'\t', next @ ..] = rest {
        rest = next;
    }
    let at = bytes.len() - rest.len();
    let (value, rest) = rest.split_at_checked(scan::value(rest))?;
    let next = rest.strip_prefix(b"\r\n")?;
    if name.is_empty() {
        return None;
    }
    framing.header(name, value, at).ok()?;
    Some(next)
}
