//! Segments of a path that hold parameters.

use std::cmp::Reverse;

use regex::bytes::Regex;

use super::check::Check;
use super::pattern::{Piece, encoded};
use crate::http1::Span;

/// The stricter is the smaller: more fixed text, then the stricter check.
pub(super) type Rank = (Reverse<usize>, usize);

/// A segment with parameters.
#[derive(Debug)]
pub(super) enum Segment {
    One {
        before: Box<[u8]>,
        check: Check,
        after: Box<[u8]>,
    },
    /// With the names of the parameters: the expressions may have named groups of their own.
    Several(Regex, Vec<Box<str>>),
}

impl Segment {
    pub(super) fn new(pieces: &[Piece]) -> Result<Self, String> {
        let text = |piece: Option<&Piece>| match piece {
            Some(Piece::Text(text)) => encoded(text).into_bytes().into(),
            _ => Box::default(),
        };
        let mut params = pieces.iter().enumerate().filter_map(|(at, piece)| match piece {
            Piece::Param { check, .. } => Some((at, check)),
            _ => None,
        });
        if let (Some((at, check)), None) = (params.next(), params.next()) {
            let before = text(at.checked_sub(1).and_then(|before| pieces.get(before)));
            return Ok(Self::One { before, check: check.clone(), after: text(pieces.get(at + 1)) });
        }
        let (mut expression, mut names) = (String::from("^"), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(text) => expression += &regex::escape(&encoded(text)),
                Piece::Param { name, check } => {
                    expression += &format!("(?P<{name}>{})", check.expression());
                    names.push(name.clone());
                }
                Piece::Tail { .. } => {}
            }
        }
        let regex = Regex::new(&(expression + "$")).map_err(|error| error.to_string())?;
        Ok(Self::Several(regex, names))
    }

    /// Pushes where the parameters of a segment stand; `false`, and nothing is pushed, when it does not match.
    #[inline]
    pub(super) fn capture(&self, text: &[u8], start: usize, values: &mut Vec<Span>) -> bool {
        match self {
            Self::One { before, check, after } => {
                let value = text.strip_prefix(&**before).and_then(|text| text.strip_suffix(&**after));
                let Some(value) = value.filter(|value| !value.is_empty() && check.is_match(value)) else {
                    return false;
                };
                let start = start + before.len();
                values.push(Span::new(start, start + value.len()));
                true
            }
            Self::Several(regex, names) => {
                let Some(captures) = regex.captures(text) else { return false };
                let named = names.iter().filter_map(|name| captures.name(name));
                values.extend(named.map(|value| Span::new(start + value.start(), start + value.end())));
                true
            }
        }
    }

    /// A segment without the names of its parameters.
    pub(super) fn shape(pieces: &[Piece]) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => encoded(text),
            // No encoded text has braces.
            Piece::Param { check, .. } => format!("{{{}}}", check.expression()),
            Piece::Tail { .. } => "{*}".to_owned(),
        };
        pieces.iter().map(piece).collect()
    }

    /// The stricter is the smaller: more fixed text, then the stricter check.
    pub(super) fn rank(pieces: &[Piece]) -> Rank {
        let (mut fixed, mut check) = (0, usize::MAX);
        for piece in pieces {
            match piece {
                Piece::Text(text) => fixed += text.len(),
                Piece::Param { check: own, .. } => check = check.min(own.rank()),
                Piece::Tail { .. } => {}
            }
        }
        (Reverse(fixed), check)
    }
}
