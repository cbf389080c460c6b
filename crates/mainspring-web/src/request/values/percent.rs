//! Percent-encoding.

use std::borrow::Cow;

/// Decodes `%xx`, and `+` as a blank in a form; `None` when the outcome is not UTF-8.
///
/// A percent sign without two hexadecimal digits stays as it is, as browsers have it.
pub(crate) fn percent_decoded(text: &str, form: bool) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| byte == b'%' || (form && byte == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if form => decoded.push(b' '),
            b'%' => match hex_pair(bytes.as_slice()) {
                Some(value) => {
                    decoded.push(value);
                    bytes.nth(1);
                }
                None => decoded.push(b'%'),
            },
            _ => decoded.push(*byte),
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_decoded() {
        assert_eq!(percent_decoded("a%20b%C3%A9+", false).as_deref(), Some("a bé+"));
        assert_eq!(percent_decoded("a+b", true).as_deref(), Some("a b"));
    }

    #[test]
    fn a_lone_percent_sign_stays() {
        assert_eq!(percent_decoded("100%", false).as_deref(), Some("100%"));
        assert_eq!(percent_decoded("%zz%2", false).as_deref(), Some("%zz%2"));
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        assert_eq!(percent_decoded("%ff", false), None);
    }
}
