//! What a conditional request asks for.

use http::{Method, StatusCode};

use super::date::HttpDate;
use super::etag::{ETag, Tags};
use super::validators::Validators;
use crate::error::Error;
use crate::http1::Head;
use crate::request::range::{ByteRanges, Selection};
use crate::request::{FromRequestParts, Request};

/// The preconditions of a request: `If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`,
/// `If-Range` and `Range`.
///
/// It shares the bytes of the head, so it may be taken before the request goes on and evaluated when the answer
/// is there. They count only where the answer would be a 2xx without them; evaluate them before anything is
/// changed.
#[derive(Clone, Debug)]
pub struct Preconditions(Head);

/// What to do with a conditional request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Answer it as any other.
    Proceed,
    /// The client has it already: 304 without a body, with the headers that a 200 would have.
    NotModified,
    /// The version is not the one that the client means: 412, and nothing must be changed.
    Failed,
}

impl Verdict {
    /// The status to answer with; `None` when the request goes on.
    pub fn status(self) -> Option<StatusCode> {
        match self {
            Self::Proceed => None,
            Self::NotModified => Some(StatusCode::NOT_MODIFIED),
            Self::Failed => Some(StatusCode::PRECONDITION_FAILED),
        }
    }
}

impl Preconditions {
    /// Takes them from a request.
    pub fn of(request: &Request) -> Self {
        Self(request.head().clone())
    }

    /// Evaluates all but `If-Range`, in the order of RFC 9110 §13.2.2.
    ///
    /// A date that is malformed or given twice is ignored, as is one where the resource has no date. A tag that
    /// is malformed matches nothing.
    pub fn evaluate(&self, current: &Validators) -> Verdict {
        let method = self.0.method();
        if [Method::CONNECT, Method::OPTIONS, Method::TRACE].contains(method) {
            return Verdict::Proceed;
        }
        let fetch = [Method::GET, Method::HEAD].contains(method);
        let unchanged = if self.has("if-match") {
            self.matches("if-match", current, ETag::matches_strongly)
        } else {
            self.is_unchanged_since("if-unmodified-since", current).unwrap_or(true)
        };
        if !unchanged {
            return Verdict::Failed;
        }
        let known = if self.has("if-none-match") {
            self.matches("if-none-match", current, ETag::matches_weakly)
        } else {
            fetch && self.is_unchanged_since("if-modified-since", current).unwrap_or(false)
        };
        match (known, fetch) {
            (false, _) => Verdict::Proceed,
            (true, true) => Verdict::NotModified,
            (true, false) => Verdict::Failed,
        }
    }

    /// Which bytes of the `length` to send, by `Range` and `If-Range` (RFC 9110 §13.1.5 and §14.2).
    ///
    /// To be asked when [`evaluate`](Self::evaluate) lets the request proceed. Only `GET` has ranges; a
    /// `Range` that is malformed or of another unit is ignored. A date in `If-Range` must be exactly that of
    /// the resource, so one that may change twice within a second needs an [`ETag`].
    pub fn select(&self, current: &Validators, length: u64) -> Selection {
        let ranges = match (self.only("range"), self.0.method()) {
            (Some(value), &Method::GET) => ByteRanges::parse(value),
            _ => None,
        };
        match ranges {
            Some(ranges) if self.is_range_wanted(current) => ranges.select(length),
            _ => Selection::Whole,
        }
    }

    fn is_range_wanted(&self, current: &Validators) -> bool {
        if !self.has("if-range") {
            return true;
        }
        let Some(value) = self.only("if-range") else { return false };
        match value.parse::<ETag>() {
            Ok(tag) => current.etag.as_ref().is_some_and(|etag| etag.matches_strongly(&tag)),
            Err(_) => {
                value.parse::<HttpDate>().is_ok_and(|date| current.last_modified.is_some_and(|it| it == date))
            }
        }
    }

    fn has(&self, name: &'static str) -> bool {
        self.values(name).next().is_some()
    }

    /// The value of a header that is given once.
    fn only(&self, name: &'static str) -> Option<&str> {
        let mut values = self.values(name);
        let value = values.next()?;
        if values.next().is_some() { None } else { std::str::from_utf8(value).ok() }
    }

    fn values<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.0.fields();
        fields.filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether the resource is one of those that a header lists.
    fn matches(&self, name: &'static str, current: &Validators, equal: fn(&ETag, &ETag) -> bool) -> bool {
        current.exists
            && self.values(name).any(|value| {
                let etag = current.etag.as_ref();
                value == b"*" || etag.is_some_and(|etag| Tags(value).any(|tag| equal(etag, &tag)))
            })
    }

    /// `None` when the date does not count.
    fn is_unchanged_since(&self, name: &'static str, current: &Validators) -> Option<bool> {
        let date: HttpDate = self.only(name)?.parse().ok()?;
        Some(current.last_modified? <= date)
    }
}

impl FromRequestParts for Preconditions {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        Ok(Self::of(request))
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Failed, NotModified, Proceed};
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn preconditions(method: &str, fields: &str) -> Preconditions {
        let head = format!("{method} / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        Preconditions::of(&Request::sample(&head, ""))
    }

    fn current() -> Validators {
        let date: HttpDate = DATE.parse().unwrap();
        Validators::new().with_etag(ETag::strong("v1").unwrap()).with_last_modified(date)
    }

    #[track_caller]
    fn verdict(method: &str, fields: &[(&str, &str)], expected: Verdict) {
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        assert_eq!(preconditions(method, &fields).evaluate(&current()), expected, "{method} {fields}");
    }

    #[test]
    fn a_request_without_conditions_goes_on() {
        verdict("GET", &[], Proceed);
        verdict("PUT", &[], Proceed);
    }

    #[test]
    fn if_match_compares_strongly() {
        verdict("PUT", &[("If-Match", "\"v0\", \"v1\"")], Proceed);
        verdict("PUT", &[("If-Match", "W/\"v1\"")], Failed);
        verdict("PUT", &[("If-Match", "\"v0\"")], Failed);
        verdict("GET", &[("If-Match", "\"v0\"")], Failed);
        verdict("PUT", &[("If-Match", "*")], Proceed);
        verdict("PUT", &[("If-Match", "v1")], Failed);
    }

    #[test]
    fn if_none_match_compares_weakly() {
        verdict("GET", &[("If-None-Match", "\"v0\", W/\"v1\"")], NotModified);
        verdict("HEAD", &[("If-None-Match", "*")], NotModified);
        verdict("GET", &[("If-None-Match", "\"v0\"")], Proceed);
        verdict("PUT", &[("If-None-Match", "\"v1\"")], Failed);
    }

    #[test]
    fn several_lines_are_one_list() {
        verdict("GET", &[("If-None-Match", "\"v0\""), ("if-none-match", "\"v1\"")], NotModified);
    }

    #[test]
    fn a_star_tells_what_exists_from_what_does_not() {
        let creating = preconditions("PUT", "If-None-Match: *\r\n");
        assert_eq!(creating.evaluate(&Validators::absent()), Proceed);
        assert_eq!(creating.evaluate(&current()), Failed);
        let changing = preconditions("PUT", "If-Match: *\r\n");
        assert_eq!(changing.evaluate(&Validators::absent()), Failed);
        assert_eq!(changing.evaluate(&Validators::new()), Proceed);
    }

    #[test]
    fn if_modified_since_counts_for_fetches_only() {
        verdict("GET", &[("If-Modified-Since", DATE)], NotModified);
        verdict("GET", &[("If-Modified-Since", LATER)], NotModified);
        verdict("GET", &[("If-Modified-Since", EARLIER)], Proceed);
        verdict("POST", &[("If-Modified-Since", DATE)], Proceed);
    }

    #[test]
    fn if_unmodified_since_guards_changes() {
        verdict("PUT", &[("If-Unmodified-Since", DATE)], Proceed);
        verdict("PUT", &[("If-Unmodified-Since", EARLIER)], Failed);
    }

    #[test]
    fn tags_beat_dates() {
        verdict("GET", &[("If-None-Match", "\"v0\""), ("If-Modified-Since", DATE)], Proceed);
        verdict("PUT", &[("If-Match", "\"v1\""), ("If-Unmodified-Since", EARLIER)], Proceed);
    }

    #[test]
    fn if_match_comes_before_if_none_match() {
        verdict("GET", &[("If-Match", "\"v0\""), ("If-None-Match", "\"v1\"")], Failed);
        verdict("GET", &[("If-Match", "\"v1\""), ("If-None-Match", "\"v1\"")], NotModified);
    }

    #[test]
    fn a_bad_or_repeated_date_is_ignored() {
        verdict("GET", &[("If-Modified-Since", "yesterday")], Proceed);
        verdict("GET", &[("If-Modified-Since", DATE), ("If-Modified-Since", DATE)], Proceed);
        verdict("PUT", &[("If-Unmodified-Since", "0")], Proceed);
    }

    #[test]
    fn a_date_is_ignored_where_the_resource_has_none() {
        let fetch = preconditions("GET", &format!("If-Modified-Since: {DATE}\r\n"));
        assert_eq!(fetch.evaluate(&Validators::new()), Proceed);
    }

    #[test]
    fn methods_without_a_representation_ignore_conditions() {
        verdict("OPTIONS", &[("If-Match", "\"v0\"")], Proceed);
    }

    #[track_caller]
    fn selection(method: &str, fields: &str, expected: Selection) {
        let fields = format!("Range: bytes=0-4\r\n{fields}");
        assert_eq!(preconditions(method, &fields).select(&current(), 10), expected, "{fields}");
    }

    #[test]
    fn a_range_counts_for_get_only() {
        selection("GET", "", Selection::Part(0..5));
        selection("HEAD", "", Selection::Whole);
        selection("GET", "Range: bytes=5-9\r\n", Selection::Whole);
    }

    #[test]
    fn if_range_gives_the_whole_when_the_version_is_another() {
        selection("GET", "If-Range: \"v1\"\r\n", Selection::Part(0..5));
        selection("GET", "If-Range: \"v0\"\r\n", Selection::Whole);
        selection("GET", "If-Range: W/\"v1\"\r\n", Selection::Whole);
        selection("GET", &format!("If-Range: {DATE}\r\n"), Selection::Part(0..5));
        selection("GET", &format!("If-Range: {LATER}\r\n"), Selection::Whole);
        selection("GET", "If-Range: v1\r\n", Selection::Whole);
    }
}
