//! Runs of bytes that need no escape, found many at a time.

/// How many are looked at together.
const LANES: usize = 16;

/// The length of the longest start of `bytes` without a byte that is `special`.
#[inline]
pub(super) fn plain(bytes: &[u8], special: impl Fn(u8) -> bool) -> usize {
    let (groups, _) = bytes.as_chunks::<LANES>();
    // No way out in the middle of a group: so it becomes a few vector instructions.
    let clean = |group: &&[u8; LANES]| !group.iter().fold(false, |found, byte| found | special(*byte));
    let start = groups.iter().take_while(clean).count() * LANES;
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..50 {
            let mut bytes = vec![b'a'; length];
            assert_eq!(plain(&bytes, |byte| byte == b'!'), length);
            for at in (0..length).rev() {
                bytes[at] = b'!';
                assert_eq!(plain(&bytes, |byte| byte == b'!'), at);
            }
        }
    }
}
