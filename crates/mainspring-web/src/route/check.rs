//! What a path parameter may be.

use percent_encoding::percent_decode;
use regex::Regex;

/// What a parameter must look like, once it is percent-decoded.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Kind(Kind),
    Regex(Regex),
    Any,
}

/// A match with a name. The stricter stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Uint,
    Int,
    Hex,
    Alpha,
    Slug,
    Word,
}

impl Kind {
    const ALL: [(&'static str, Self); 7] = [
        ("uuid", Self::Uuid),
        ("uint", Self::Uint),
        ("int", Self::Int),
        ("hex", Self::Hex),
        ("alpha", Self::Alpha),
        ("slug", Self::Slug),
        ("word", Self::Word),
    ];

    /// The same as a regular expression.
    fn expression(self) -> &'static str {
        match self {
            Self::Uuid => "(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
            Self::Uint => "[0-9]+",
            Self::Int => "[+-]?[0-9]+",
            Self::Hex => "[0-9A-Fa-f]+",
            Self::Alpha => "[A-Za-z]+",
            Self::Slug => "[a-z0-9]+(?:-[a-z0-9]+)*",
            Self::Word => "[A-Za-z0-9_]+",
        }
    }

    fn is_match(self, text: &[u8]) -> bool {
        let every = |is: fn(&u8) -> bool| !text.is_empty() && text.iter().all(is);
        match self {
            Self::Uuid => is_uuid(text),
            Self::Uint => every(u8::is_ascii_digit),
            Self::Int => {
                let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
                Self::Uint.is_match(digits)
            }
            Self::Hex => every(u8::is_ascii_hexdigit),
            Self::Alpha => every(u8::is_ascii_alphabetic),
            Self::Slug => text.split(|byte| *byte == b'-').all(|part| {
                !part.is_empty() && part.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
            }),
            Self::Word => every(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        }
    }
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Check {
    /// Reads what stands behind the colon: the name of a match, or a regular expression.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, kind)) = Kind::ALL.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Kind(*kind));
        }
        // Who writes `{id:number}` wants no path that says "number".
        if text.chars().all(|char| char.is_ascii_alphabetic()) {
            let known: Vec<&str> = Kind::ALL.iter().map(|(name, _)| *name).collect();
            let known = known.join(", ");
            return Err(format!(
                "there is no match called `{text}`, only {known}; a regular expression of one word goes in brackets: `({text})`"
            ));
        }
        let regex = Regex::new(&format!("^(?:{text})$")).map_err(|error| {
            format!("`{text}` is no regular expression: {}", last_line(&error.to_string()))
        })?;
        Ok(Self::Regex(regex))
    }

    pub(super) fn expression(&self) -> &str {
        match self {
            Self::Kind(kind) => kind.expression(),
            Self::Regex(regex) => regex.as_str().trim_start_matches('^').trim_end_matches('$'),
            Self::Any => "[^/]+",
        }
    }

    /// Whether a part of a path, percent-encoded as it is, may be the parameter.
    #[inline]
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Self::Any => true,
            _ if text.contains(&b'%') => {
                percent_decode(text).decode_utf8().is_ok_and(|text| self.is_match_decoded(&text))
            }
            _ => std::str::from_utf8(text).is_ok_and(|text| self.is_match_decoded(text)),
        }
    }

    pub(super) fn is_match_decoded(&self, text: &str) -> bool {
        match self {
            Self::Kind(kind) => kind.is_match(text.as_bytes()),
            Self::Regex(regex) => regex.is_match(text),
            Self::Any => true,
        }
    }

    /// The stricter is the smaller.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Kind(kind) => *kind as usize,
            Self::Regex(_) => Kind::ALL.len(),
            Self::Any => usize::MAX,
        }
    }
}

/// The last line of the crate's message says what is wrong; those before show where.
fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(check: &str, text: &str) -> bool {
        Check::parse(check).expect("it is valid").is_match(text.as_bytes())
    }

    #[test]
    fn each_kind_takes_its_own_and_nothing_else() {
        for (kind, good, bad) in [
            ("uint", "42", "-42"),
            ("int", "-42", "4.2"),
            ("hex", "fF09", "g"),
            ("alpha", "abC", "ab1"),
            ("slug", "a-b2", "a--b"),
            ("word", "a_B1", "a-b"),
            ("uuid", "67e55044-10b1-426f-9247-bb680e5fe0c8", "67e5504410b1-426f-9247-bb680e5fe0c8"),
        ] {
            assert!(matches(kind, good), "{kind} takes {good}");
            assert!(!matches(kind, bad), "{kind} does not take {bad}");
            assert!(!matches(kind, ""), "{kind} does not take nothing");
        }
    }

    #[test]
    fn a_kind_means_the_same_as_its_expression() {
        let words = ["", "0", "+7", "-12", "ab", "Ab9", "a_b", "a-b", "-a", "a-", "dead", "x y", "é"];
        let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        for (name, kind) in Kind::ALL {
            let regex = Regex::new(&format!("^(?:{})$", kind.expression())).expect("it is valid");
            for word in words.iter().chain([&uuid, &&uuid[1..]]) {
                assert_eq!(kind.is_match(word.as_bytes()), regex.is_match(word), "{name} {word}");
            }
        }
    }

    #[test]
    fn an_expression_is_anchored_and_sees_decoded_text() {
        assert!(matches("[a-z]{2}", "en") && !matches("[a-z]{2}", "eng"));
        assert!(matches("a b|c", "a%20b") && !matches("a b|c", "ac"));
        assert!(!matches("[a-z]+", "%ff"));
    }

    #[test]
    fn an_unknown_word_is_no_expression() {
        let error = Check::parse("number").expect_err("it is unknown");
        assert!(error.contains("`number`") && error.contains("uint"), "{error}");
        assert!(matches("(number)", "number"));
    }
}
