//! Which bytes may stand where, and where a run of them ends.

/// What a byte may be part of; a set of bits.
type Class = u8;

/// A `token` of RFC 9110 §5.6.2: methods and header names.
pub(super) const TOKEN: Class = 1;
/// A header's value: anything but control bytes; the tab is none here.
pub(super) const VALUE: Class = 1 << 1;
/// What `http::Uri` takes in a path, so that every accepted target is one.
pub(super) const PATH: Class = 1 << 2;
/// What `http::Uri` takes in a query.
pub(super) const QUERY: Class = 1 << 3;
/// A registered name or an IPv4 address (RFC 3986 §3.2.2), but for percent-encoded bytes and for the comma, which
/// stands where two `Host` lines were joined.
pub(super) const HOST: Class = 1 << 4;
/// Anything that prints: ASCII without the space and control bytes.
pub(super) const VISIBLE: Class = 1 << 5;
/// What may stand in the brackets of an IP literal.
pub(super) const LITERAL: Class = 1 << 6;
/// Decimal digits.
pub(super) const DIGIT: Class = 1 << 7;

/// Looked up for nearly every byte of a head.
static CLASSES: [Class; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = classes(byte as u8);
        byte += 1;
    }
    table
};

const fn classes(byte: u8) -> Class {
    let word = byte.is_ascii_alphanumeric();
    let mut classes = 0;
    if word || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~') {
        classes |= TOKEN;
    }
    if byte == b'\t' || (byte >= b' ' && byte != 0x7f) {
        classes |= VALUE;
    }
    if matches!(byte, b'!' | b'"' | b'$'..=b';' | b'=' | b'@'..=b'_' | b'a'..=b'~') {
        classes |= PATH;
    }
    if matches!(byte, b'!' | b'$'..=b';' | b'=' | b'?'..=b'~') {
        classes |= QUERY;
    }
    if word || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'..=b'+' | b';' | b'=') {
        classes |= HOST;
    }
    if byte.is_ascii_graphic() {
        classes |= VISIBLE;
    }
    if classes & HOST != 0 || byte == b':' || byte == b',' {
        classes |= LITERAL;
    }
    if byte.is_ascii_digit() {
        classes |= DIGIT;
    }
    classes
}

/// Whether the byte may be part of the class.
#[inline(always)]
pub(super) fn is(class: Class, byte: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// How many bytes at the front belong to the class.
///
/// Not inlined: in a function of its own the table stays in a register.
#[inline(never)]
pub(super) fn run(class: Class, bytes: &[u8]) -> usize {
    let mut rest = bytes;
    #[cfg(test)]
    count::add(bytes, |bytes| bytes.iter().take_while(|byte| is(class, **byte)).count());
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        for (index, byte) in chunk.iter().enumerate() {
            if !is(class, *byte) {
                return bytes.len() - rest.len() + index;
            }
        }
        rest = after;
    }
    let left = rest.iter().position(|byte| !is(class, *byte)).unwrap_or(rest.len());
    bytes.len() - rest.len() + left
}

/// The same for [`VALUE`], where runs are long: many bytes at a time.
#[inline(never)]
pub(super) fn value(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    #[cfg(test)]
    count::add(bytes, |bytes| bytes.iter().take_while(|byte| is(VALUE, **byte)).count());
    while let Some((chunk, after)) = rest.split_first_chunk::<32>()
        && is_plain(chunk)
    {
        rest = after;
    }
    while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
        let controls = controls(u64::from_le_bytes(*chunk));
        if controls == 0 {
            rest = after;
            continue;
        }
        let index = controls.trailing_zeros() as usize / 8;
        if chunk.get(index) != Some(&b'\t') {
            return bytes.len() - rest.len() + index;
        }
        rest = rest.get(index + 1..).unwrap_or_default();
    }
    bytes.len() - rest.len() + run(VALUE, rest)
}

/// Whether no byte is a control byte. The compiler makes vector operations of it.
#[inline(always)]
fn is_plain(chunk: &[u8; 32]) -> bool {
    chunk.iter().fold(true, |plain, byte| plain & (*byte >= b' ') & (*byte != 0x7f))
}

/// The first eight bytes as a number, the first one lowest, if there are as many.
#[inline(always)]
pub(super) fn word(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

/// Marks control bytes by their highest bit. Only the lowest mark is sure: a borrow may set those above it.
#[inline(always)]
fn controls(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    let low = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word ^ (ONES * 0x7f);
    let delete = delete.wrapping_sub(ONES) & !delete;
    (low | delete) & (ONES * 0x80)
}

/// How many bytes were looked at, for the tests.
#[cfg(test)]
pub(super) mod count {
    use std::cell::Cell;

    thread_local! {
        static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn add(bytes: &[u8], run: impl FnOnce(&[u8]) -> usize) {
        LOOKED_AT.set(LOOKED_AT.get() + 1 + run(bytes));
    }

    pub(in crate::http1) fn take() -> usize {
        LOOKED_AT.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members of a class by the letter of the grammar.
    fn members(class: Class) -> Vec<u8> {
        (0..=255).filter(|byte| is(class, *byte)).collect()
    }

    fn words_and(marks: &[u8]) -> Vec<u8> {
        (0..=255).filter(|byte: &u8| byte.is_ascii_alphanumeric() || marks.contains(byte)).collect()
    }

    #[test]
    fn a_token_is_that_of_the_rfc() {
        assert_eq!(members(TOKEN), words_and(b"!#$%&'*+-.^_`|~"));
    }

    #[test]
    fn a_digit_is_decimal() {
        assert_eq!(members(DIGIT), b"0123456789");
    }

    #[test]
    fn a_host_is_unreserved_and_delimiters() {
        assert_eq!(members(HOST), words_and(b"-._~!$&'()*+;="));
        assert_eq!(members(LITERAL), words_and(b"-._~!$&'()*+,;=:"));
    }

    #[test]
    fn a_value_has_no_control_byte_but_the_tab() {
        let expected: Vec<u8> =
            (0..=255).filter(|byte: &u8| *byte == 9 || !byte.is_ascii_control()).collect();
        assert_eq!(members(VALUE), expected);
    }

    #[test]
    fn paths_and_queries_are_those_of_the_uri_type() {
        for byte in 0..=255_u8 {
            let taken = |start: &[u8]| {
                let text = [start, &[byte], b"b"].concat();
                let parsed = http::uri::PathAndQuery::try_from(text.as_slice());
                parsed.is_ok_and(|parsed| {
                    byte != b'#' && byte.is_ascii() && parsed.as_str().len() == text.len()
                })
            };
            assert_eq!(is(PATH, byte), byte != b'?' && taken(b"/a"), "{byte:#x} in a path");
            assert_eq!(is(QUERY, byte), taken(b"/a?"), "{byte:#x} in a query");
        }
    }

    #[test]
    fn a_run_ends_at_the_first_other_byte_wherever_it_stands() {
        for length in 0..40 {
            for at in 0..=length {
                for other in [0, 9, 0x1f, b'\r', b' ', 0x7f, 0x80, 0xff] {
                    let mut bytes = vec![b'a'; length];
                    bytes.extend_from_slice(b"\n");
                    bytes[at] = if at == length { b'\n' } else { other };
                    let expected =
                        |class| bytes.iter().position(|byte| !is(class, *byte)).unwrap_or(length + 1);
                    assert_eq!(run(TOKEN, &bytes), expected(TOKEN), "{}", bytes.escape_ascii());
                    assert_eq!(value(&bytes), expected(VALUE), "{}", bytes.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn a_run_of_everything_ends_with_the_bytes() {
        assert_eq!(run(TOKEN, &[b'a'; 19]), 19);
        assert_eq!(value(&[b'a'; 19]), 19);
        assert_eq!(value(b""), 0);
    }

    #[test]
    fn a_value_with_any_pair_of_bytes_ends_where_it_must() {
        for first in 0..=255 {
            for second in 0..=255 {
                let bytes = [b'a', first, second, b'b', b'c', b'd', b'e', b'f', b'\r'];
                let expected = bytes.iter().position(|byte| !is(VALUE, *byte));
                assert_eq!(Some(value(&bytes)), expected, "{}", bytes.escape_ascii());
            }
        }
    }
}
