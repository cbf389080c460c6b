//! The time of a line: RFC 3339, UTC, with microseconds.

use std::{
    cell::RefCell,
    fmt::{self, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing_subscriber::fmt::{
    format::Writer,
    time::{FormatTime, SystemTime as Clock},
};

/// Seconds in a day.
const DAY: u64 = 86_400;

/// The first second of the year 10000, which takes a digit more.
const LAST: u64 = 253_402_300_800;

thread_local! {
    /// The last second that was written on this thread: only what follows it differs from line to line.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// Writes the time as it is now: `2026-11-23T14:48:54.123456Z`.
pub(super) fn write_now(writer: &mut (impl Write + ?Sized)) -> fmt::Result {
    #[expect(clippy::disallowed_methods, reason = "the one place of the log that reads the calendar")]
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(time) if time.as_secs() < LAST => write_time(writer, time),
        // A clock that is set so is shown all the same.
        _ => Clock.format_time(&mut Writer::new(&mut &mut *writer)),
    }
}

fn write_time(writer: &mut (impl Write + ?Sized), time: Duration) -> fmt::Result {
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != time.as_secs() {
            *second = time.as_secs();
            text.clear();
            write_second(text, *second)?;
        }
        writer.write_str(text)
    })?;
    let mut left = time.subsec_micros();
    let mut micros = *b"000000Z";
    for digit in micros.iter_mut().take(6).rev() {
        *digit += (left % 10) as u8;
        left /= 10;
    }
    // Digits are text.
    writer.write_str(std::str::from_utf8(&micros).unwrap_or_default())
}

fn write_second(text: &mut String, second: u64) -> fmt::Result {
    let (year, month, day) = date(second / DAY);
    let (hour, minute) = (second % DAY / 3600, second % 3600 / 60);
    write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.", second % 60)
}

/// Year, month and day of a number of days since 1970.
///
/// Reckoned in years that begin in March, so that a leap day is the last of its year, and in the 400 years after
/// which the calendar repeats.
fn date(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u64, micros: u32) -> String {
        let mut text = String::new();
        write_time(&mut text, Duration::new(seconds, micros * 1_000 + 999)).unwrap();
        text
    }

    #[test]
    fn known_moments_are_written_as_the_calendar_has_them() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000042Z"),
            (784_111_777, "1994-11-06T08:49:37.000042Z"),
            (951_782_400, "2000-02-29T00:00:00.000042Z"),
            (951_868_800, "2000-03-01T00:00:00.000042Z"),
            (1_709_164_799, "2024-02-28T23:59:59.000042Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000042Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000042Z"),
            (LAST - 1, "9999-12-31T23:59:59.000042Z"),
        ] {
            assert_eq!(text(seconds, 42), expected);
        }
    }

    #[test]
    fn a_second_that_was_kept_is_not_taken_for_another() {
        assert_eq!(text(59, 999_999), "1970-01-01T00:00:59.999999Z");
        assert_eq!(text(60, 0), "1970-01-01T00:01:00.000000Z");
        assert_eq!(text(59, 1), "1970-01-01T00:00:59.000001Z");
    }

    #[test]
    fn each_day_of_four_centuries_follows_the_one_before() {
        let mut last = date(0);
        for day in 1..146_097 {
            let (year, month, day) = date(day);
            let next_day = (year, month) == (last.0, last.1) && day == last.2 + 1;
            let next_month = year == last.0 && month == last.1 + 1 && day == 1;
            let next_year = year == last.0 + 1 && (month, day) == (1, 1) && last.1 == 12;
            assert!(next_day || next_month || next_year, "{last:?}, then {year}-{month}-{day}");
            last = (year, month, day);
        }
        assert_eq!(last, (2369, 12, 31));
    }
}
