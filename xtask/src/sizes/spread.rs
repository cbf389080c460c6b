//! A set of lengths in three numbers.

/// The median, the 90th percentile and the largest of a set; zeros for an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) median: usize,
    pub(super) p90: usize,
    pub(super) max: usize,
}

impl Spread {
    /// Each number is a member of the set (nearest rank), so one can go and look at it.
    pub(super) fn of(lengths: impl IntoIterator<Item = usize>) -> Spread {
        let mut lengths: Vec<usize> = lengths.into_iter().collect();
        lengths.sort_unstable();
        let Some(&max) = lengths.last() else { return Spread::default() };
        let rank = |percent: usize| lengths[(lengths.len() * percent).div_ceil(100) - 1];
        Spread { median: rank(50), p90: rank(90), max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_members_of_the_set() {
        let spread = Spread::of([10, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(spread, Spread { median: 5, p90: 9, max: 10 });
    }

    #[test]
    fn one_length_is_all_three() {
        assert_eq!(Spread::of([7]), Spread { median: 7, p90: 7, max: 7 });
    }

    #[test]
    fn nothing_is_zero() {
        assert_eq!(Spread::of([]), Spread::default());
    }
}
