//! Header lines as they stand on the wire.

use super::scan;

/// The headers of a block of lines, in order; yields `(name, value)`.
///
/// The block was checked when it was decoded or built, so walking it is two scans per line.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    lines: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `lines` holds whole lines, each ended by CRLF; an empty line ends it early.
    pub(crate) fn new(lines: &'a [u8]) -> Self {
        Self { lines }
    }

    /// The first value whose name equals `name`, upper and lower case alike.
    pub(crate) fn find(self, name: &str) -> Option<&'a [u8]> {
        let mut lines = self.lines;
        while let Some(end) = memchr::memchr(b'\n', lines) {
            let line = lines.get(..end)?;
            if line.get(name.len()) == Some(&b':')
                && line.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
            {
                return line.get(name.len() + 1..).map(<[u8]>::trim_ascii);
            }
            lines = lines.get(end + 1..)?;
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let end = memchr::memchr(b'\n', self.lines)?;
        let (line, rest) = self.lines.split_at_checked(end + 1)?;
        self.lines = rest;
        let colon = memchr::memchr(b':', line)?;
        let name = std::str::from_utf8(line.get(..colon)?).ok()?;
        Some((name, line.get(colon + 1..)?.trim_ascii()))
    }
}

/// Whether `name` is a `token` of RFC 9110 §5.6.2: what a header name may be.
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && scan::run(scan::TOKEN, name) == name.len()
}

/// Whether `value` may be a header's value: no control bytes but the tab, so no line can be smuggled in.
pub(crate) fn is_value(value: &[u8]) -> bool {
    scan::value(value) == value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &[u8] = b"Host: a\r\nX-One:  1 \r\nx-one:2\r\nEmpty:\r\n\r\n";

    #[test]
    fn fields_come_in_order_and_trimmed() {
        let all: Vec<_> = Fields::new(LINES).collect();
        let expected: [(&str, &[u8]); 4] = [("Host", b"a"), ("X-One", b"1"), ("x-one", b"2"), ("Empty", b"")];
        assert_eq!(all, expected);
    }

    #[test]
    fn find_takes_the_first_and_ignores_case() {
        assert_eq!(Fields::new(LINES).find("x-ONE"), Some(&b"1"[..]));
        assert_eq!(Fields::new(LINES).find("empty"), Some(&b""[..]));
        assert_eq!(Fields::new(LINES).find("x-two"), None);
    }

    #[test]
    fn a_value_with_a_line_break_is_no_value() {
        assert!(is_value(b"a\tb \xff"));
        assert!(!is_value(b"a\r\nset-cookie: x"));
        assert!(!is_value(b"a\0"));
    }

    #[test]
    fn a_name_is_a_token() {
        assert!(is_token(b"x-request-id"));
        assert!(!is_token(b"x id"));
        assert!(!is_token(b""));
        assert!(!is_token(b"a:"));
    }
}
