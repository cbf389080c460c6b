//! Path patterns: `/users/{id:int}`.

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::check::Check;
use super::url::SEGMENT;

/// A path pattern, taken to pieces.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) text: Box<str>,
    /// The parts between the slashes, from the first on.
    pub(super) segments: Vec<Vec<Piece>>,
    /// The names of the parameters, in order.
    pub(super) names: Vec<Box<str>>,
}

/// A part of a segment.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Percent-decoded.
    Text(String),
    Param {
        name: Box<str>,
        check: Check,
    },
    /// All the rest of the path.
    Tail {
        name: Box<str>,
    },
}

impl Pattern {
    /// # Errors
    ///
    /// Why it is no pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(mut rest) = text.strip_prefix('/') else { return Err("a path starts with `/`".to_owned()) };
        let mut pattern = Self { text: text.into(), segments: vec![Vec::new()], names: Vec::new() };
        while let Some(first) = rest.chars().next() {
            if pattern.has_tail() {
                return Err("nothing may follow the tail".to_owned());
            }
            rest = match first {
                '/' => {
                    pattern.segments.push(Vec::new());
                    &rest[1..]
                }
                '{' if !rest.starts_with("{{") => pattern.param(&rest[1..])?,
                '}' if !rest.starts_with("}}") => {
                    return Err("a `}` stands alone; `}}` means itself".to_owned());
                }
                '?' | '#' => {
                    return Err(format!("`{first}` ends a path; parameters of the query are no part of it"));
                }
                _ => pattern.literal(rest),
            };
        }
        pattern.decode();
        Ok(pattern)
    }

    /// Whether it is plain text, which is found without walking the tree.
    pub(super) fn is_plain(&self) -> bool {
        self.names.is_empty() && !self.text.contains(['{', '%']) && self.text.is_ascii()
    }

    pub(super) fn has_tail(&self) -> bool {
        matches!(self.segments.last().and_then(|segment| segment.last()), Some(Piece::Tail { .. }))
    }

    /// Takes a character; a doubled brace is one.
    fn literal<'a>(&mut self, rest: &'a str) -> &'a str {
        let doubled = rest.starts_with("{{") || rest.starts_with("}}");
        let mut chars = rest.chars();
        let char = chars.next().unwrap_or_default();
        if doubled {
            chars.next();
        }
        if let Some(segment) = self.segments.last_mut() {
            match segment.last_mut() {
                Some(Piece::Text(text)) => text.push(char),
                _ => segment.push(Piece::Text(char.into())),
            }
        }
        chars.as_str()
    }

    /// Takes a parameter, from behind its `{`.
    fn param<'a>(&mut self, rest: &'a str) -> Result<&'a str, String> {
        let end = closing(rest).ok_or("a `{` is not closed; `{{` means itself")?;
        let (inside, rest) = (&rest[..end], &rest[end + 1..]);
        let (name, check) = match inside.split_once(':') {
            None => (inside, Check::Any),
            Some((name, check)) if !name.starts_with('*') => (name, Check::parse(check)?),
            Some(_) => return Err("a tail takes everything: it cannot be matched".to_owned()),
        };
        let tail = name.starts_with('*');
        let name = name.trim_start_matches('*');
        if !is_name(name) {
            return Err(format!("`{{{inside}}}` has no name of letters, digits and `_`"));
        }
        if self.names.iter().any(|other| **other == *name) {
            return Err(format!("the parameter `{name}` stands there twice"));
        }
        let segment = self.segments.last_mut().ok_or("it is empty")?;
        if tail && !segment.is_empty() {
            return Err("a tail begins right behind a `/`".to_owned());
        }
        self.names.push(name.into());
        let name = name.into();
        segment.push(if tail { Piece::Tail { name } } else { Piece::Param { name, check } });
        Ok(rest)
    }

    /// Whoever wrote `%20` into a pattern meant a blank.
    fn decode(&mut self) {
        for piece in self.segments.iter_mut().flatten() {
            if let Piece::Text(text) = piece {
                *text = percent_decode_str(text).decode_utf8_lossy().into_owned();
            }
        }
    }
}

/// The place of the `}` that closes a parameter; a regular expression may hold braces of its own.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b']' => class = false,
            _ if class => {}
            b'[' => class = true,
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|char: char| char.is_ascii_digit())
        && text.chars().all(|char| char.is_alphanumeric() || char == '_')
}

/// Text as it stands in a path.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<Box<str>> {
        Pattern::parse(text).expect(text).names
    }

    #[test]
    fn names_stand_in_order() {
        assert_eq!(names("/a/{b}/x{c}-{d:[0-9]{2}}/{*e}"), ["b", "c", "d", "e"].map(Box::from));
        assert!(names("/{{a}}").is_empty());
    }

    #[test]
    fn braces_within_an_expression_belong_to_it() {
        for text in [r"/{a:[}]}", r"/{a:\}}", "/{a:[a-z]{2}}/b", "/{a:(x{1}){2}}"] {
            assert_eq!(names(text), ["a".into()], "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told_why() {
        for (text, why) in [
            ("a", "starts with `/`"),
            ("", "starts with `/`"),
            ("/{", "not closed"),
            ("/}", "stands alone"),
            ("/{}", "no name"),
            ("/{1a}", "no name"),
            ("/{a}/{a}", "twice"),
            ("/{*a}/b", "follow the tail"),
            ("/x{*a}", "right behind"),
            ("/{*a:int}", "cannot be matched"),
            ("/{a:(}", "no regular expression"),
            ("/{a:number}", "no match called"),
            ("/a?b", "ends a path"),
        ] {
            let error = Pattern::parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
