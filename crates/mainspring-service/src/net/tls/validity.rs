use std::time::Duration;

use rustls::pki_types::UnixTime;

/// From when to when a certificate is good, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    begins: u64,
    ends: u64,
}

/// What is wrong with the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untimely {
    NotYet(Duration),
    Expired(Duration),
}

impl Validity {
    /// Reads it out of a certificate in DER; `None` when that is not one.
    ///
    /// rustls does not tell, and looks at the time only where it checks a peer.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = element(SEQUENCE, certificate)?;
        let (mut body, _) = element(SEQUENCE, certificate)?;
        if let Some((_, rest)) = element(VERSION, body) {
            body = rest;
        }
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            // The serial number, the algorithm, the issuer.
            (_, body) = element(tag, body)?;
        }
        let (validity, _) = element(SEQUENCE, body)?;
        let (begins, rest) = time(validity)?;
        let (ends, _) = time(rest)?;
        Some(Validity { begins, ends })
    }

    pub(super) fn check(self, now: UnixTime) -> Result<(), Untimely> {
        let now = now.as_secs();
        if now < self.begins {
            return Err(Untimely::NotYet(Duration::from_secs(self.begins - now)));
        }
        if now > self.ends {
            return Err(Untimely::Expired(Duration::from_secs(now - self.ends)));
        }
        Ok(())
    }
}

impl std::fmt::Display for Untimely {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hours = |time: &Duration| time.as_secs().div_ceil(3600);
        match self {
            Untimely::NotYet(until) => write!(f, "is not valid for another {} h", hours(until)),
            Untimely::Expired(since) => write!(f, "expired {} h ago", hours(since)),
        }
    }
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The content of the element that comes first, if it has this tag, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

fn time(der: &[u8]) -> Option<(u64, &[u8])> {
    if let Some((text, rest)) = element(UTC_TIME, der) {
        let (year, text) = number(text, 2)?;
        // RFC 5280: two digits stand for 1950 to 2049.
        return Some((seconds(if year < 50 { 2000 + year } else { 1900 + year }, text)?, rest));
    }
    let (text, rest) = element(GENERALIZED_TIME, der)?;
    let (year, text) = number(text, 4)?;
    Some((seconds(year, text)?, rest))
}

/// Seconds since 1970 at `MMDDHHMMSSZ` of a year; a time before 1970 counts as 1970.
fn seconds(year: u64, text: &[u8]) -> Option<u64> {
    let (month, text) = number(text, 2)?;
    let (day, text) = number(text, 2)?;
    let (hour, text) = number(text, 2)?;
    let (minute, text) = number(text, 2)?;
    let (second, text) = number(text, 2)?;
    if text != b"Z" || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    // Counted from a March 1st, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    const DAYS_TO_1970: u64 = 719_468;
    let days = days.saturating_sub(DAYS_TO_1970);
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(text: &[u8], digits: usize) -> Option<(u64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(begins: (i32, u8, u8), ends: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(begins.0, begins.1, begins.2);
        params.not_after = rcgen::date_time_ymd(ends.0, ends.1, ends.2);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        // From 2050 on the longer kind is used.
        let validity = Validity::of(&certificate((2024, 2, 29), (2051, 12, 31))).unwrap();
        assert_eq!(validity, Validity { begins: 1_709_164_800, ends: 2_587_593_600 });
    }

    #[test]
    fn a_time_outside_is_told() {
        let validity = Validity { begins: 7_200, ends: 10_800 };
        let check = |now| validity.check(UnixTime::since_unix_epoch(Duration::from_secs(now)));
        assert_eq!(check(7_200), Ok(()));
        assert_eq!(check(10_800), Ok(()));
        assert_eq!(check(3_600).unwrap_err().to_string(), "is not valid for another 1 h");
        assert_eq!(check(18_000).unwrap_err().to_string(), "expired 2 h ago");
    }

    #[test]
    fn what_is_cut_short_is_no_certificate() {
        let whole = certificate((2024, 1, 1), (2030, 1, 1));
        for length in 0..whole.len() {
            // Cut behind the dates it may still be read; what matters is that it never panics.
            assert!(length > 200 || Validity::of(&whole[..length]).is_none());
        }
        assert_eq!(Validity::of(&[0x30, 0x85, 1, 1, 1, 1, 1]), None);
    }
}
