//! Dates in headers.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::error::Error;

/// A date as headers carry it (RFC 9110 §5.6.7): whole seconds, UTC, from 1970 to 9999.
///
/// It is written as `Sun, 06 Nov 1994 08:49:37 GMT`; the two obsolete forms are read too. What lies beyond the
/// range is moved to its end.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use mainspring_web::conditional::HttpDate;
///
/// let date: HttpDate = "Sunday, 06-Nov-94 08:49:37 GMT".parse().unwrap();
/// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// assert_eq!(SystemTime::from(date), SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpDate(httpdate::HttpDate);

/// The last second of the year 9999, after 1970.
const LAST: u64 = 253_402_300_799;

impl From<SystemTime> for HttpDate {
    /// Cuts the fraction of the second off.
    fn from(time: SystemTime) -> Self {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs().min(LAST);
        Self((SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).into())
    }
}

impl From<HttpDate> for SystemTime {
    fn from(date: HttpDate) -> Self {
        date.0.into()
    }
}

impl FromStr for HttpDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |_| Error::bad_request(format!("{text:?} is no date as HTTP writes it"));
        text.parse().map(Self).map_err(bad)
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_three_forms_are_read() {
        let forms =
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
        for form in forms {
            let date: HttpDate = form.parse().expect(form);
            assert_eq!(date.to_string(), forms[0]);
        }
    }

    #[test]
    fn a_fraction_of_a_second_is_cut_off() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_999);
        assert_eq!(HttpDate::from(time), "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
    }

    #[test]
    fn times_beyond_the_range_do_not_panic() {
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST + 1);
        assert_eq!(HttpDate::from(far).to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
        let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(HttpDate::from(early).to_string(), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn what_is_no_date_is_told() {
        assert!("yesterday".parse::<HttpDate>().unwrap_err().to_string().contains("yesterday"));
    }
}
