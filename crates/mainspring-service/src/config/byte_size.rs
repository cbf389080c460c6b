use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::text::{Unfit, from_text};

const EXPECTED: &str = "a size such as \"2 MiB\" or \"512 kB\"";

const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// A number of bytes as a person writes it: `"2 MiB"`, `"1.5 GiB"`, `"512 kB"`, `"100 B"`.
///
/// `KiB`, `MiB`, `GiB`, `TiB` are powers of 1,024; `kB`, `MB`, `GB`, `TB` of 1,000; the case of the letters makes
/// no difference. A number alone is refused, for it does not say of what, and so is `2M`, which means two things.
/// What is left of a byte is dropped.
///
/// ```
/// use mainspring_service::config::ByteSize;
///
/// let size: ByteSize = "2 MiB".parse().unwrap();
/// assert_eq!(size.bytes(), 2 * 1024 * 1024);
/// assert_eq!(size.to_string(), "2 MiB");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        ByteSize(bytes)
    }

    /// So many times 1,024 bytes; as many as there can be when that is more.
    #[must_use]
    pub const fn from_kib(kib: u64) -> Self {
        ByteSize(kib.saturating_mul(1 << 10))
    }

    /// So many times 1,048,576 bytes; as many as there can be when that is more.
    #[must_use]
    pub const fn from_mib(mib: u64) -> Self {
        ByteSize(mib.saturating_mul(1 << 20))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        parse(text.trim()).map(ByteSize).ok_or(Unfit(EXPECTED))
    }
}

fn parse(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && !"._".contains(letter))?;
    let (number, unit) = (text[..end].replace('_', ""), text[end..].trim_start());
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let (whole, part) = number.split_once('.').unwrap_or((&number, "0"));
    let whole = whole.parse::<u64>().ok()?.checked_mul(*factor)?;
    // Eighteen digits times the largest factor fit, and the nineteenth is less than a byte.
    let part = &part[..part.len().min(18)];
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let part = u128::from(part.parse::<u64>().ok()?) * u128::from(*factor) / scale;
    whole.checked_add(u64::try_from(part).ok()?)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |&&(_, factor): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(factor);
        let (unit, factor) = UNITS.iter().find(whole).copied().unwrap_or(("B", 1));
        write!(f, "{} {unit}", self.0 / factor)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, EXPECTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        let bytes = |text: &str| text.parse::<ByteSize>().unwrap().bytes();
        assert_eq!(bytes("2 MiB"), 2 << 20);
        assert_eq!(bytes("1.5gib"), 3 << 29);
        assert_eq!(bytes("512 kB"), 512_000);
        assert_eq!(bytes("1_000 B"), 1_000);
        assert_eq!(bytes("0.1 B"), 0);
    }

    #[test]
    fn what_says_no_size_is_refused() {
        for text in ["", "2", "2M", "MiB", "-1 B", "1.2.3 B", "1. B", "20000000 TiB", "2 MiB more"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_size_reads_back_as_it_was_written(bytes: u64) {
            assert_eq!(ByteSize(bytes).to_string().parse::<ByteSize>().unwrap(), ByteSize(bytes));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9._ kKMiB-]{0,30}") {
            let _ = text.parse::<ByteSize>();
        }
    }
}
