//! Entity tags.

use std::fmt;
use std::str::FromStr;

use http::StatusCode;

use crate::error::Error;

/// The tag of one version of what a URL serves (RFC 9110 §8.8.3): `"v1"`, or `W/"v1"` for a weak one.
///
/// Two versions with the same strong tag are equal byte by byte; with the same weak tag they mean the same.
///
/// # Examples
///
/// ```
/// use mainspring_web::conditional::ETag;
///
/// let tag = ETag::strong("v1").unwrap();
/// let weak: ETag = "W/\"v1\"".parse().unwrap();
/// assert!(tag.matches_weakly(&weak));
/// assert!(!tag.matches_strongly(&weak));
/// assert_eq!(tag.into_weak(), weak);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag {
    weak: bool,
    tag: Box<str>,
}

impl ETag {
    /// Makes a tag that changes whenever a byte does.
    ///
    /// # Errors
    ///
    /// When `tag` holds a quotation mark, white space or a control character.
    pub fn strong(tag: impl Into<Box<str>>) -> Result<Self, Error> {
        let tag = tag.into();
        if tag.bytes().all(is_tag_byte) {
            return Ok(Self { weak: false, tag });
        }
        let message = format!("the entity tag {tag:?} holds a quotation mark, white space or a control byte");
        Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message))
    }

    /// Makes a tag that changes whenever the meaning does.
    ///
    /// # Errors
    ///
    /// Those of [`strong`](Self::strong).
    pub fn weak(tag: impl Into<Box<str>>) -> Result<Self, Error> {
        Self::strong(tag).map(Self::into_weak)
    }

    /// The weak tag of the same text: for an answer that was encoded in another way, say.
    #[must_use]
    pub fn into_weak(self) -> Self {
        Self { weak: true, ..self }
    }

    /// The text between the quotation marks.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether it is weak.
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// The strong comparison of RFC 9110 §8.8.3.2: equal, and both strong.
    pub fn matches_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.tag == other.tag
    }

    /// The weak comparison of RFC 9110 §8.8.3.2: equal, weak or not.
    pub fn matches_weakly(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

impl FromStr for ETag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match Tags(text.as_bytes()).first() {
            Some((tag, [])) => Ok(tag),
            _ => Err(Error::bad_request(format!("{text:?} is no entity tag"))),
        }
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.tag)
    }
}

fn is_tag_byte(byte: u8) -> bool {
    byte == 0x21 || (byte >= 0x23 && byte != 0x7f)
}

/// The tags of a list; it ends where the list is malformed. A comma may stand inside a tag.
pub(crate) struct Tags<'a>(pub(crate) &'a [u8]);

impl<'a> Tags<'a> {
    fn first(&self) -> Option<(ETag, &'a [u8])> {
        let (weak, rest) = match self.0.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, self.0),
        };
        let rest = rest.strip_prefix(b"\"")?;
        let (tag, rest) = rest.split_at_checked(memchr::memchr(b'"', rest)?)?;
        if !tag.iter().all(|byte| is_tag_byte(*byte)) {
            return None;
        }
        // Ours are text, so what is not can match none of them; but it must not end the list.
        let tag = String::from_utf8_lossy(tag).into();
        Some((ETag { weak, tag }, rest.get(1..)?))
    }
}

impl Iterator for Tags<'_> {
    type Item = ETag;

    fn next(&mut self) -> Option<ETag> {
        while let [b',' | b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
        let (tag, rest) = self.first()?;
        self.0 = rest.trim_ascii_start();
        // Two tags without a comma between them are no list.
        if !matches!(self.0, [] | [b',', ..]) {
            self.0 = &[];
        }
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_compare_as_the_table_of_the_rfc_says() {
        let tag = |text: &str| text.parse::<ETag>().expect(text);
        let rows = [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ];
        for (left, right, strong, weak) in rows {
            assert_eq!(tag(left).matches_strongly(&tag(right)), strong, "{left} {right}");
            assert_eq!(tag(left).matches_weakly(&tag(right)), weak, "{left} {right}");
        }
    }

    #[test]
    fn a_list_may_hold_commas_inside_of_tags_and_empty_elements() {
        let tags: Vec<_> = Tags(b"\"a,b\", ,W/\"c\" ,\"\"").map(|tag| tag.to_string()).collect();
        assert_eq!(tags, ["\"a,b\"", "W/\"c\"", "\"\""]);
    }

    #[test]
    fn a_malformed_list_ends_early() {
        assert_eq!(Tags(b"\"a\", b, \"c\"").count(), 1);
        assert_eq!(Tags(b"\"a\" \"b\"").count(), 1);
        assert_eq!(Tags(b"w/\"a\"").count(), 0);
    }

    #[test]
    fn a_tag_that_would_break_its_quotes_is_refused() {
        for tag in ["a\"b", "a b", "a\r\nb", "\u{7f}"] {
            assert!(ETag::strong(tag).is_err(), "{tag:?}");
        }
    }

    #[test]
    fn what_is_no_tag_is_told() {
        for text in ["", "a", "\"a", "\"a\"b", "'a'", "W/a"] {
            assert!(text.parse::<ETag>().is_err(), "{text}");
        }
    }
}
