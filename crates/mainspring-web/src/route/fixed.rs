//! Paths without parameters, found without walking the tree.

/// An immutable map from whole paths to indices.
///
/// Most routes have no parameters. A hash of their bytes finds them in a few instructions, and their text is
/// compared as bytes. The keys are the program's own, so no client can make them collide.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// A power of two, at most half full; linear probing.
    slots: Vec<Option<(Box<[u8]>, usize)>>,
}

impl Fixed {
    pub(super) fn new<'a>(paths: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let paths: Vec<_> = paths.collect();
        let mut fixed = Self { slots: Vec::new() };
        fixed.slots.resize((paths.len() * 2).next_power_of_two(), None);
        for (path, index) in paths {
            let mask = fixed.slots.len() - 1;
            let mut at = hash(path.as_bytes()) & mask;
            while let Some(Some(_)) = fixed.slots.get(at) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = fixed.slots.get_mut(at) {
                *slot = Some((path.as_bytes().into(), index));
            }
        }
        fixed
    }

    #[inline]
    pub(super) fn find(&self, path: &[u8]) -> Option<usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(path) & mask;
        // Ends: at least half of the slots are empty.
        while let Some(Some((key, index))) = self.slots.get(at) {
            if **key == *path {
                return Some(*index);
            }
            at = (at + 1) & mask;
        }
        None
    }
}

/// FNV-1a, whose start-up costs nothing.
#[inline]
fn hash(path: &[u8]) -> usize {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = path.iter().fold(0xcbf2_9ce4_8422_2325, fold);
    (hash ^ (hash >> 32)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_found_and_no_other() {
        let paths: Vec<String> = (0..100).map(|n| format!("/path/{n}")).collect();
        let fixed = Fixed::new(paths.iter().enumerate().map(|(index, path)| (path.as_str(), index)));
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(fixed.find(path.as_bytes()), Some(index));
        }
        assert_eq!(fixed.find(b"/path/100"), None);
    }

    #[test]
    fn an_empty_map_finds_nothing() {
        assert_eq!(Fixed::new(std::iter::empty()).find(b"/"), None);
        assert_eq!(Fixed::default().find(b"/"), None);
    }
}
