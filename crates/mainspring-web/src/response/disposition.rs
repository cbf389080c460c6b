//! Answers that are to be saved.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::part::ResponsePart;
use super::response::Response;
use crate::error::Error;

/// Has the browser save the answer under a name (RFC 6266), rather than show it.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Attachment, IntoResponse};
///
/// let response = (Attachment::named("cats.csv"), "name,age\n").into_response();
/// assert_eq!(response.header("content-disposition"), Some("attachment; filename=\"cats.csv\""));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Attachment {
    name: Option<String>,
}

/// What RFC 8187 calls `attr-char` stays.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

impl Attachment {
    /// Under the name that the URL ends with.
    pub fn new() -> Self {
        Self { name: None }
    }

    /// Under this name. A name beyond ASCII is sent in both forms of RFC 6266 §4.3.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()) }
    }

    fn value(&self) -> String {
        let Some(name) = &self.name else { return "attachment".to_owned() };
        let mut plain = String::with_capacity(name.len());
        for letter in name.chars() {
            match letter {
                '"' | '\\' => plain.extend(['\\', letter]),
                // Some decode a percent sign even in the plain form (RFC 6266, appendix D).
                ' '..='~' if letter != '%' => plain.push(letter),
                _ => plain.push('_'),
            }
        }
        if name.chars().all(|letter| matches!(letter, ' '..='~' if letter != '%')) {
            return format!("attachment; filename=\"{plain}\"");
        }
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, VALUE))
    }
}

impl ResponsePart for Attachment {
    fn apply(self, response: &mut Response) -> Result<(), Error> {
        response.insert("content-disposition", self.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beyond_ascii_is_sent_in_both_forms() {
        let value = Attachment::named("€ 5%.txt").value();
        assert_eq!(value, "attachment; filename=\"_ 5_.txt\"; filename*=UTF-8''%E2%82%AC%205%25.txt");
    }

    #[test]
    fn quotes_are_escaped() {
        assert_eq!(Attachment::named("a\"b\\c").value(), r#"attachment; filename="a\"b\\c""#);
    }

    #[test]
    fn no_line_can_be_injected() {
        assert_eq!(
            Attachment::named("a\r\nb").value(),
            "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"
        );
    }

    #[test]
    fn without_a_name_the_url_gives_it() {
        assert_eq!(Attachment::new().value(), "attachment");
    }
}
