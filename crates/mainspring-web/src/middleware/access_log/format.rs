//! The format of a line.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::SystemTime;

use http::StatusCode;

use super::access::Access;
use crate::error::Error;
use crate::http1::{Head, Version};

/// A format, read once.
#[derive(Debug)]
pub(super) struct Format(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Peer,
    Time,
    Process,
    RequestLine,
    Status,
    Bytes,
    Seconds,
    SecondsAndMicros,
    Micros,
    RequestHeader(String),
    /// With its place among those of the answer.
    AnswerHeader(String, usize),
}

/// More than a common line takes.
const FIRST_CAPACITY: usize = 192;

impl Format {
    /// The format of aiohttp.
    pub(super) fn combined() -> Self {
        let text = |text: &str| Part::Text(text.to_owned());
        let header = |name: &str| Part::RequestHeader(name.to_owned());
        Self(vec![
            Part::Peer,
            text(" "),
            Part::Time,
            text(" \""),
            Part::RequestLine,
            text("\" "),
            Part::Status,
            text(" "),
            Part::Bytes,
            text(" \""),
            header("referer"),
            text("\" \""),
            header("user-agent"),
            text("\""),
        ])
    }

    pub(super) fn parse(format: &str) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some((text, directive)) = rest.split_once('%') {
            push_text(&mut parts, text);
            let place = format.len() - directive.len();
            rest = match directive.strip_prefix('%') {
                Some(after) => {
                    push_text(&mut parts, "%");
                    after
                }
                None => directive_of(directive, &mut parts).ok_or_else(|| unknown(directive, place))?,
            };
        }
        push_text(&mut parts, rest);
        Ok(Self(parts))
    }

    pub(super) fn answer_headers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::AnswerHeader(name, _) => Some(name.as_str()),
            _ => None,
        })
    }

    pub(super) fn line(&self, access: &Access) -> String {
        let mut line = String::with_capacity(FIRST_CAPACITY);
        for part in &self.0 {
            part.write(&mut line, access);
        }
        line
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// Reads what follows a percent sign; gives back what follows the directive.
fn directive_of<'a>(text: &'a str, parts: &mut Vec<Part>) -> Option<&'a str> {
    const PLAIN: [(&str, Part); 9] = [
        // The longer one first.
        ("Tf", Part::SecondsAndMicros),
        ("T", Part::Seconds),
        ("a", Part::Peer),
        ("t", Part::Time),
        ("P", Part::Process),
        ("r", Part::RequestLine),
        ("s", Part::Status),
        ("b", Part::Bytes),
        ("D", Part::Micros),
    ];
    for (letter, part) in PLAIN {
        if let Some(rest) = text.strip_prefix(letter) {
            parts.push(part);
            return Some(rest);
        }
    }
    let (name, rest) = text.strip_prefix('{')?.split_once('}')?;
    let name = name.to_ascii_lowercase();
    if let Some(rest) = rest.strip_prefix('i') {
        parts.push(Part::RequestHeader(name));
        return Some(rest);
    }
    let rest = rest.strip_prefix('o')?;
    let place = parts.iter().filter(|part| matches!(part, Part::AnswerHeader(..))).count();
    parts.push(Part::AnswerHeader(name, place));
    Some(rest)
}

fn unknown(directive: &str, place: usize) -> Error {
    let end = directive.find(' ').unwrap_or(directive.len());
    let directive = directive.get(..end).unwrap_or_default();
    let message = format!("the access log knows no directive `%{directive}` (at byte {place} of the format)");
    Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

impl Part {
    fn write(&self, line: &mut String, access: &Access) {
        match self {
            Self::Text(text) => line.push_str(text),
            Self::Peer => write_peer(line, access.peer()),
            Self::Time => write_time(line, access.began),
            Self::Process => push_number(line, u64::from(std::process::id())),
            Self::RequestLine => write_request_line(line, access.head()),
            Self::Status => line.push_str(access.status().as_str()),
            Self::Bytes => push_number(line, access.bytes()),
            Self::Seconds => push_number(line, access.elapsed().as_secs()),
            Self::SecondsAndMicros => {
                let elapsed = access.elapsed();
                let _infallible = write!(line, "{}.{:06}", elapsed.as_secs(), elapsed.subsec_micros());
            }
            Self::Micros => {
                push_number(line, u64::try_from(access.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            Self::RequestHeader(name) => write_value(line, access.head().fields().find(name)),
            Self::AnswerHeader(_, place) => {
                write_value(line, access.answered.get(*place).and_then(Option::as_deref));
            }
        }
    }
}

fn push_number(line: &mut String, number: u64) {
    line.push_str(itoa::Buffer::new().format(number));
}

fn write_peer(line: &mut String, peer: Option<SocketAddr>) {
    match peer {
        Some(SocketAddr::V4(peer)) => {
            for (index, octet) in peer.ip().octets().into_iter().enumerate() {
                if index > 0 {
                    line.push('.');
                }
                push_number(line, u64::from(octet));
            }
        }
        Some(peer) => {
            let _infallible = write!(line, "{}", peer.ip());
        }
        None => line.push('-'),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as `[06/Nov/1994:08:49:37 +0000]`.
fn write_time(line: &mut String, time: SystemTime) {
    thread_local! {
        /// The last second that was written down on this thread.
        static LAST: std::cell::RefCell<(u64, String)> = const { std::cell::RefCell::new((u64::MAX, String::new())) };
    }
    let second = crate::middleware::calendar::since_epoch(time).as_secs();
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            let date = httpdate::fmt_http_date(time);
            let part = |range| date.get(range).unwrap_or_default();
            *text = format!("[{}/{}/{}:{} +0000]", part(5..7), part(8..11), part(12..16), part(17..25));
            *last = second;
        }
        line.push_str(text);
    });
}

fn write_request_line(line: &mut String, head: &Head) {
    line.push_str(head.method().as_str());
    line.push(' ');
    write_target(line, head);
    line.push_str(match head.version() {
        Version::Http10 => " HTTP/1.0",
        Version::Http11 => " HTTP/1.1",
        Version::Http2 => " HTTP/2.0",
    });
}

pub(super) fn write_target(line: &mut String, head: &Head) {
    escape(line, head.path().as_bytes());
    if let Some(query) = head.query() {
        line.push('?');
        escape(line, query.as_bytes());
    }
}

fn write_value(line: &mut String, value: Option<&[u8]>) {
    match value {
        Some(value) => escape(line, value),
        None => line.push('-'),
    }
}

/// Writes printable ASCII as it is, with quotes and backslashes escaped, and all else as `\xhh`.
fn escape(line: &mut String, bytes: &[u8]) {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if bytes.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        line.push_str(text);
        return;
    }
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                line.push('\\');
                line.push(char::from(*byte));
            }
            byte if plain(byte) => line.push(char::from(*byte)),
            byte => {
                let _infallible = write!(line, "\\x{byte:02x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_directive_is_known() {
        let format = "%a %t %P %r %s %b %T %Tf %D %{X-In}i %{X-Out}o %{Y}o 100%%";
        let Format(parts) = Format::parse(format).expect("it is known");
        let plain: Vec<_> = parts.iter().filter(|part| !matches!(part, Part::Text(_))).collect();
        let expected = [
            Part::Peer,
            Part::Time,
            Part::Process,
            Part::RequestLine,
            Part::Status,
            Part::Bytes,
            Part::Seconds,
            Part::SecondsAndMicros,
            Part::Micros,
            Part::RequestHeader("x-in".to_owned()),
            Part::AnswerHeader("x-out".to_owned(), 0),
            Part::AnswerHeader("y".to_owned(), 1),
        ];
        assert_eq!(plain, expected.iter().collect::<Vec<_>>());
        assert_eq!(parts.last(), Some(&Part::Text(" 100%".to_owned())));
    }

    #[test]
    fn the_default_is_the_format_of_aiohttp() {
        let parsed = Format::parse("%a %t \"%r\" %s %b \"%{Referer}i\" \"%{User-Agent}i\"").expect("known");
        assert_eq!(parsed.0, Format::combined().0);
    }

    #[test]
    fn an_unknown_directive_is_named_with_its_place() {
        for (format, named) in
            [("%s %q x", "`%q` (at byte 4"), ("%", "`%` (at"), ("%{a", "`%{a`"), ("%{a}x", "`%{a}x`")]
        {
            let error = Format::parse(format).expect_err(format);
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn the_time_is_that_of_common_logs() {
        let mut line = String::new();
        write_time(&mut line, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
        assert_eq!(line, "[06/Nov/1994:08:49:37 +0000]");
    }

    #[test]
    fn what_clients_send_cannot_forge_a_line() {
        let mut line = String::new();
        escape(&mut line, b"a\" 200 \\\n\x1b[31m\xff");
        assert_eq!(line, "a\\\" 200 \\\\\\x0a\\x1b[31m\\xff");
    }

    #[test]
    fn addresses_are_written_without_port() {
        let mut line = String::new();
        write_peer(&mut line, Some(([127, 0, 0, 1], 80).into()));
        line.push(' ');
        write_peer(&mut line, "[::1]:80".parse().ok());
        assert_eq!(line, "127.0.0.1 ::1");
    }
}
