use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::text::{Unfit, from_text};

/// A duration as a person writes it: `"10s"`, `"1m 30s"`, `"250ms"`, `"1.5h"`, `"2 hours"`.
///
/// The units go from `ns` to `h` (`d` is no fixed time, so it is refused: write `"24h"`), and ISO 8601's `"PT1M30S"`
/// is understood too. A number alone is refused, for it does not say of what. It is never negative.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::config::Period;
///
/// let period: Period = "1m30s".parse().unwrap();
/// assert_eq!(period.duration(), Duration::from_secs(90));
/// assert_eq!(period.to_string(), "1m30s");
/// assert!("90".parse::<Period>().is_err());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

impl Period {
    /// A period of whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Period(Duration::from_secs(secs))
    }

    /// A period of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Period(Duration::from_millis(millis))
    }

    /// The same as the standard library's type.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Period {
    fn from(duration: Duration) -> Self {
        Period(duration)
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

impl FromStr for Period {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let unfit = Unfit("a duration such as \"10s\" or \"1m30s\"");
        let signed: SignedDuration = text.trim().parse().map_err(|_| unfit)?;
        Duration::try_from(signed).map(Period).map_err(|_| unfit)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (u128::from(self.0.as_secs() / 3600), "h"),
            (u128::from(self.0.as_secs() / 60 % 60), "m"),
            (u128::from(self.0.as_secs() % 60), "s"),
            (u128::from(self.0.subsec_millis()), "ms"),
            (u128::from(self.0.subsec_micros() % 1000), "us"),
            (u128::from(self.0.subsec_nanos() % 1000), "ns"),
        ];
        if self.0.is_zero() {
            return f.write_str("0s");
        }
        units.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, unit)| write!(f, "{count}{unit}"))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a duration such as \"10s\" or \"1m30s\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        let millis = |text: &str| text.parse::<Period>().unwrap().duration().as_millis();
        assert_eq!(millis("10s"), 10_000);
        assert_eq!(millis("1m 30s"), 90_000);
        assert_eq!(millis(" 250ms "), 250);
        assert_eq!(millis("1.5h"), 5_400_000);
        assert_eq!(millis("2 hours"), 7_200_000);
        assert_eq!(millis("PT1M30S"), 90_000);
    }

    #[test]
    fn what_says_no_time_is_refused() {
        for text in ["", "10", "soon", "-5s", "10 parsecs", "1d"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_period_reads_back_as_it_was_written(secs in 0..=u64::from(u32::MAX), nanos in 0..1_000_000_000_u32) {
            let period = Period(Duration::new(secs, nanos));
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }
    }
}
