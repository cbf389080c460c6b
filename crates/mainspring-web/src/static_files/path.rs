//! From the path of a request to the path of a file.

use std::path::PathBuf;

use crate::request::percent_decoded;

/// The file that a percent-encoded path means, relative to the root; `None` when it can mean none.
///
/// A path is taken literally or not at all: nothing in it is resolved. Refused are `.` and `..`, empty segments,
/// an encoded `/`, a backslash, a colon (drives and streams of Windows), control characters and what is no UTF-8.
pub(super) fn relative(path: &str, hidden: bool) -> Option<PathBuf> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut relative = PathBuf::new();
    if path.is_empty() {
        return Some(relative);
    }
    for segment in path.split('/') {
        let segment = percent_decoded(segment, false)?;
        let bad = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
        if segment.is_empty() || segment == "." || segment == ".." || segment.contains(bad) {
            return None;
        }
        // Windows drops dots and blanks at the end, so `..%20` would mean `..` there.
        if segment.ends_with(['.', ' ']) || (segment.starts_with('.') && !hidden) {
            return None;
        }
        relative.push(&*segment);
    }
    Some(relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_taken_literally() {
        assert_eq!(relative("css/main%20page.css", false), Some("css/main page.css".into()));
        assert_eq!(relative("", false), Some("".into()));
        assert_eq!(relative("docs/", false), Some("docs".into()));
    }

    #[test]
    fn hidden_files_are_shown_only_on_request() {
        assert_eq!(relative(".git/config", false), None);
        assert_eq!(relative(".well-known/acme", true), Some(".well-known/acme".into()));
    }

    #[test]
    fn no_spelling_leads_out_of_the_root() {
        let spellings = [
            "..",
            "../",
            "../secret",
            "a/../../secret",
            "a/..",
            "./a",
            "a/./b",
            ".",
            "./",
            "%2e%2e/secret",
            "%2E%2E/secret",
            ".%2e/secret",
            "%2e./secret",
            "%2e%2e%2fsecret",
            "..%2fsecret",
            "..%2Fsecret",
            "a%2f..%2f..%2fsecret",
            "..%5csecret",
            "..\\secret",
            "%5c..%5csecret",
            "a\\..\\..\\secret",
            "//secret",
            "/secret",
            "//",
            "a//b",
            "%2fsecret",
            "%2Fetc%2Fpasswd",
            "%00",
            "a%00.txt",
            "secret%00.jpg",
            "a\0b",
            "..%00/secret",
            "..;/secret/..",
            "... ",
            "...",
            "..%20/secret",
            "..%20",
            "a/.. /b",
            "%2e%2e%20/secret",
            "a%0d%0ab",
            "a%0a",
            "a%7f",
            "C:/secret",
            "C%3a/secret",
            "c:secret",
            "file.txt::$DATA",
            "file.txt.",
            "file.txt%20",
            "%c0%ae%c0%ae/secret",
            "%c0%af",
            "%ff",
            "%e0%80%ae",
            "..%c0%af..",
            "%252e%252e%5csecret",
            "\u{202e}/..",
            "..%u2215secret/..",
            "%uff0e%uff0e/..",
        ];
        assert!(spellings.len() >= 50);
        for spelling in spellings {
            if let Some(path) = relative(spelling, true) {
                let normal = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
                assert!(
                    normal && !path.to_string_lossy().contains(['\\', '\0', ':']),
                    "{spelling}: {path:?}"
                );
                assert!(!path.iter().any(|part| part == ".."), "{spelling}: {path:?}");
                panic!("{spelling} is let through as {path:?}");
            }
        }
    }

    #[test]
    fn what_is_encoded_twice_is_a_strange_name_and_no_way_out() {
        assert_eq!(relative("%252e%252e", true), Some("%2e%2e".into()));
        assert_eq!(relative("%252e%252e%252fsecret", true), Some("%2e%2e%2fsecret".into()));
    }
}
