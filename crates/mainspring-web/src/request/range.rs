//! Requests for parts (RFC 9110 §14).

use std::ops::Range;

/// The value of a `Range` header in bytes, as sent: `bytes=0-99,200-,-50`.
///
/// # Examples
///
/// ```
/// use mainspring_web::range::{ByteRanges, Selection};
///
/// let ranges = ByteRanges::parse("bytes=-5").unwrap();
/// assert_eq!(ranges.select(100), Selection::Part(95..100));
/// assert_eq!(ByteRanges::parse("lines=1-2"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteRanges(Vec<Spec>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    /// From the first to the last, both included; `None` is up to the end.
    From(u64, Option<u64>),
    /// The last so many.
    Suffix(u64),
}

/// What of a resource to send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Selection {
    /// All of it: 200.
    Whole,
    /// One part: 206 with `content-range`.
    Part(Range<u64>),
    /// At least two parts that do not touch: 206 of type `multipart/byteranges`.
    Parts(Vec<Range<u64>>),
    /// Nothing, as all ranges are beyond its end: 416 with `content-range: bytes */length`.
    Unsatisfiable,
}

/// More parts than this are not served: the whole is sent instead.
const PARTS: usize = 16;

/// What a part of a multipart answer costs beside its bytes; closer ranges are sent as one.
const OVERHEAD: u64 = 80;

impl ByteRanges {
    /// Reads a value; `None` when it is malformed or not in bytes, for such a `Range` is to be ignored.
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, list) = value.split_once('=')?;
        if !unit.trim_ascii().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let specs = list.split(',').map(str::trim_ascii).filter(|spec| !spec.is_empty());
        let specs = specs.map(Spec::parse).collect::<Option<Vec<_>>>()?;
        if specs.is_empty() { None } else { Some(Self(specs)) }
    }

    /// Applies the ranges to a resource of `length` bytes.
    ///
    /// Ranges that overlap, touch or are closer than 80 bytes are sent as one, at the place of the first, so an
    /// answer is never much larger than the resource. If more than 16 are left, the whole is sent.
    pub fn select(&self, length: u64) -> Selection {
        let wanted: Vec<_> = self.0.iter().filter_map(|spec| spec.range(length)).collect();
        if wanted.is_empty() {
            return Selection::Unsatisfiable;
        }
        // The end of nothing: satisfiable, but no `content-range` can say so.
        if length == 0 {
            return Selection::Whole;
        }
        let mut parts = joined(wanted);
        match (parts.len(), parts.pop()) {
            (1, Some(part)) => Selection::Part(part),
            (2..=PARTS, Some(last)) => {
                parts.push(last);
                Selection::Parts(parts)
            }
            _ => Selection::Whole,
        }
    }
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Suffix(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// The bytes of it that exist; `None` when it cannot be satisfied.
    fn range(self, length: u64) -> Option<Range<u64>> {
        match self {
            Self::Suffix(0) => None,
            Self::Suffix(count) => Some(length.saturating_sub(count)..length),
            Self::From(first, _) if first >= length => None,
            Self::From(first, None) => Some(first..length),
            Self::From(first, Some(last)) => Some(first..length.min(last.saturating_add(1))),
        }
    }
}

/// Digits only; a number beyond what fits is beyond the end of everything as well.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Joins what is close, each group at the place of its first member in the order of the request.
fn joined(wanted: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut ordered: Vec<_> = wanted.into_iter().enumerate().collect();
    ordered.sort_by_key(|(_, range)| range.start);
    let mut groups: Vec<(usize, Range<u64>)> = Vec::new();
    for (place, range) in ordered {
        match groups.last_mut() {
            Some((first, group)) if range.start <= group.end.saturating_add(OVERHEAD) => {
                *first = place.min(*first);
                group.end = group.end.max(range.end);
            }
            _ => groups.push((place, range)),
        }
    }
    groups.sort_by_key(|(place, _)| *place);
    groups.into_iter().map(|(_, range)| range).collect()
}

/// The value of `content-range` for one part of `length` bytes: `bytes 0-99/1000`.
///
/// # Examples
///
/// ```
/// assert_eq!(mainspring_web::range::content_range(&(0..100), 1000), "bytes 0-99/1000");
/// ```
pub fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

/// The value of `content-range` for a 416: `bytes */1000`.
pub fn unsatisfied_range(length: u64) -> String {
    format!("bytes */{length}")
}

#[cfg(test)]
mod tests {
    use super::Selection::{Part, Parts, Unsatisfiable, Whole};
    use super::*;

    #[track_caller]
    fn selects(value: &str, length: u64, expected: Selection) {
        let ranges = ByteRanges::parse(value).unwrap_or_else(|| panic!("malformed: {value}"));
        assert_eq!(ranges.select(length), expected, "{value}");
    }

    #[test]
    fn the_examples_of_the_rfc_are_selected() {
        selects("bytes=0-499", 10_000, Part(0..500));
        selects("bytes=500-999", 10_000, Part(500..1000));
        selects("bytes=-500", 10_000, Part(9500..10_000));
        selects("bytes=9500-", 10_000, Part(9500..10_000));
        selects("bytes=0-0,-1", 10_000, Parts(vec![0..1, 9999..10_000]));
        selects("bytes= 0-999, 4500-5499, -1000", 10_000, Parts(vec![0..1000, 4500..5500, 9000..10_000]));
        selects("bytes=500-600,601-999", 10_000, Part(500..1000));
        selects("bytes=500-700,601-999", 10_000, Part(500..1000));
    }

    #[test]
    fn an_end_beyond_the_last_byte_is_the_last_byte() {
        selects("bytes=5-100", 10, Part(5..10));
        selects("bytes=-100", 10, Part(0..10));
        selects("bytes=0-99999999999999999999999", 10, Part(0..10));
    }

    #[test]
    fn a_start_beyond_the_last_byte_is_unsatisfiable() {
        selects("bytes=10-", 10, Unsatisfiable);
        selects("bytes=-0", 10, Unsatisfiable);
        selects("bytes=99999999999999999999999-", 10, Unsatisfiable);
        selects("bytes=0-", 0, Unsatisfiable);
    }

    #[test]
    fn the_end_of_nothing_is_the_whole() {
        selects("bytes=-5", 0, Whole);
    }

    #[test]
    fn ranges_that_cannot_be_satisfied_are_left_out_beside_others() {
        selects("bytes=0-4,100-200", 10, Part(0..5));
    }

    #[test]
    fn parts_keep_the_order_of_the_request() {
        selects("bytes=500-509,0-9", 1000, Parts(vec![500..510, 0..10]));
    }

    #[test]
    fn close_ranges_become_one_at_the_place_of_the_first() {
        selects("bytes=500-509,0-9,520-529,5-20", 1000, Parts(vec![500..530, 0..21]));
    }

    #[test]
    fn overlapping_ranges_are_sent_once() {
        let many = format!("bytes={}", vec!["0-"; 1000].join(","));
        selects(&many, 1000, Part(0..1000));
    }

    #[test]
    fn too_many_parts_are_the_whole() {
        let list = |count: usize| (0..count).map(|n| format!("{0}-{0}", n * 1000)).collect::<Vec<_>>();
        selects(&format!("bytes={}", list(17).join(",")), 1_000_000, Whole);
        let ranges = ByteRanges::parse(&format!("bytes={}", list(16).join(","))).expect("it is valid");
        assert!(matches!(ranges.select(1_000_000), Parts(parts) if parts.len() == 16));
    }

    #[test]
    fn what_is_malformed_is_to_be_ignored() {
        let bad = [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=a-b",
            "bytes=1",
            "bytes=-",
            "bytes=5-4",
            "bytes=0-1,x",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=0x1-2",
            "lines=0-1",
            "=0-1",
            "bytes 0-1",
        ];
        for value in bad {
            assert_eq!(ByteRanges::parse(value), None, "{value}");
        }
    }

    #[test]
    fn the_unit_may_be_written_in_any_case() {
        selects("Bytes=0-1", 10, Part(0..2));
    }
}
