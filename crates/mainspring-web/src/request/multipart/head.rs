//! The headers of a part.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::decoder::malformed;
use crate::error::Error;
use crate::http1::is_value;
use crate::request::values::percent_decoded;

/// What a part says of itself.
#[derive(Clone, Debug)]
pub(super) struct PartHead {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) headers: HeaderMap,
}

/// More headers than this no part has; browsers send two.
const HEADERS: usize = 32;

impl PartHead {
    /// Reads header lines up to the empty line.
    pub(super) fn parse(lines: &[u8]) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        let mut rest = lines;
        while let Some((line, after)) = line(rest).filter(|(line, _)| !line.is_empty()) {
            if headers.len() == HEADERS {
                return Err(malformed(&format!("a part has more than {HEADERS} headers")));
            }
            let (name, value) = field(line)
                .ok_or_else(|| malformed(&format!("bad header of a part: {}", line.escape_ascii())))?;
            headers.append(name, value);
            rest = after;
        }
        if rest != b"\r\n" {
            return Err(malformed("the headers of a part end early"));
        }
        let disposition = headers.get(header::CONTENT_DISPOSITION).map(HeaderValue::as_bytes);
        let disposition = disposition.and_then(|value| std::str::from_utf8(value).ok());
        let parameters = parameters(disposition.unwrap_or_default()).unwrap_or_default();
        let find =
            |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let Some(name) = find("name") else {
            return Err(malformed("a part has no `content-disposition: form-data` with a name"));
        };
        let filename = find("filename*").and_then(|value| extended(&value)).or_else(|| find("filename"));
        Ok(Self { name, filename, headers })
    }
}

/// The first line without its end, and what follows it.
fn line(lines: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memmem::find(lines, b"\r\n")?;
    Some((lines.get(..end)?, lines.get(end + 2..)?))
}

/// The name and value of a line; a name is a token, and a value holds no control bytes (RFC 9110 §5.5).
fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = memchr::memchr(b':', line)?;
    let name = HeaderName::from_bytes(line.get(..colon)?).ok()?;
    let value = line.get(colon + 1..).filter(|value| is_value(value))?;
    Some((name, HeaderValue::from_bytes(value.trim_ascii()).ok()?))
}

/// The parameters of `form-data; name="a"; filename="b"`; `None` when it is none.
fn parameters(value: &str) -> Option<Vec<(String, String)>> {
    let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
    if !kind.trim_ascii().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let mut parameters = Vec::new();
    while !rest.trim_ascii().is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = one_value(after.trim_ascii_start())?;
        parameters.push((name.trim_ascii().to_ascii_lowercase(), value));
        let after = after.trim_ascii_start();
        rest = if after.is_empty() { after } else { after.strip_prefix(';')? };
    }
    Some(parameters)
}

/// A token or a quoted string, and what follows it.
fn one_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.trim_ascii().to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            // Browsers send quotation marks so (HTML standard §4.10.22.8); line breaks stay encoded.
            '"' => return Some((value.replace("%22", "\""), quoted.get(at + 1..)?)),
            // A lone backslash is one of a Windows path.
            '\\' => match letters.peek() {
                Some((_, next @ ('"' | '\\'))) => {
                    value.push(*next);
                    letters.next();
                }
                _ => value.push('\\'),
            },
            _ => value.push(letter),
        }
    }
    None
}

/// A value in the form of RFC 8187: `UTF-8''%e2%82%ac`.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, text) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decoded(text, false).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(disposition: &str) -> Result<PartHead, Error> {
        PartHead::parse(format!("Content-Disposition: {disposition}\r\n\r\n").as_bytes())
    }

    #[test]
    fn name_and_filename_are_read() {
        let rows = [
            ("form-data; name=\"a\"", "a", None),
            ("form-data; name=a ; filename=b", "a", Some("b")),
            ("form-data; filename=\"name=x; y\"; name=\"a\"", "a", Some("name=x; y")),
            ("FORM-DATA; NAME=\"a\"", "a", None),
            ("form-data; name=\"a\\\"b\"", "a\"b", None),
            ("form-data; name=\"a%22b%0D\"", "a\"b%0D", None),
            ("form-data; name=\"a\"; filename=\"C:\\dir\\f\"", "a", Some("C:\\dir\\f")),
            ("form-data; name=\"ö\"; filename=\"\"", "ö", Some("")),
            ("form-data; name=\"a\"; filename=\"e\"; filename*=UTF-8''%E2%82%AC", "a", Some("€")),
        ];
        for (disposition, name, filename) in rows {
            let head = head(disposition).expect(disposition);
            assert_eq!((head.name.as_str(), head.filename.as_deref()), (name, filename), "{disposition}");
        }
    }

    #[test]
    fn a_part_without_a_name_is_a_400() {
        for disposition in ["form-data", "attachment; name=a", "form-data; name=\"a", "form-data; name", ""] {
            assert!(head(disposition).unwrap_err().is_client(), "{disposition}");
        }
    }

    #[test]
    fn bad_header_lines_are_a_400() {
        const GOOD: &str = "Content-Disposition: form-data; name=a";
        for bad in
            ["bad line", "a b: c", "a : b", " folded", ": b", "a: b\0", "a: b\n", "a: b\nc: d", "a: b\rc: d"]
        {
            for lines in [format!("{GOOD}\r\n{bad}\r\n\r\n"), format!("{bad}\r\n{GOOD}\r\n\r\n")] {
                assert!(PartHead::parse(lines.as_bytes()).unwrap_err().is_client(), "{lines:?}");
            }
        }
        for early in ["", "\r\n", "\n\n"] {
            assert!(
                PartHead::parse(format!("{GOOD}{early}").as_bytes()).unwrap_err().is_client(),
                "{early:?}"
            );
        }
        assert!(PartHead::parse(format!("{GOOD}\r\n\r\n").as_bytes()).is_ok());
        let many = format!("{GOOD}\r\n{}\r\n", "a: b\r\n".repeat(HEADERS));
        assert!(PartHead::parse(many.as_bytes()).unwrap_err().is_client());
    }
}
