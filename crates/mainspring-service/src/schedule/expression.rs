use std::fmt;
use std::str::FromStr;

use croner::Cron;
use jiff::ZonedDateTime;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::ScheduleError;
use super::zoned::Moment;

/// When a [`Cron`](super::Cron) runs: the times that match five fields.
///
/// `minute hour day-of-month month day-of-week`, with a field of seconds *before* them if there are
/// six, and of years after them if there are seven. A field is a value, a range `1-5`, a list
/// `1,15`, all `*`, or steps `*/10`, `8-18/2`; months and days of the week have names (`JAN`,
/// `MON`), and Sunday is 0 and 7. `L` is the last day of the month, `FRIL` (or `5L`) its last
/// Friday, `FRI#2` its second, `15W` the working day next to the 15th. If day of month and day of
/// week are both given, either is enough.
///
/// `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly` stand for
/// what they say.
///
/// # When the clocks change
///
/// An expression whose hour, minute and second are plain values names a time of day:
/// * a time that does not exist, because the clocks are set ahead, is moved to the moment they are;
/// * a time that exists twice is taken once, the first time.
///
/// Any other names a rhythm: it goes on through a time that exists twice, and takes no notice of
/// one that does not exist.
///
/// ```
/// use jiff::{ZonedDateTime, civil::date};
/// use mainspring_service::schedule::Expression;
///
/// let early: Expression = "30 2 * * *".parse().unwrap();
/// let eve = date(2024, 3, 30).at(12, 0, 0, 0).in_tz("Europe/Berlin").unwrap();
/// let next = early.next_after(&eve).unwrap();
/// assert_eq!(next.to_string(), "2024-03-31T03:00:00+02:00[Europe/Berlin]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    cron: Cron,
}

/// The fields in order, with what they may hold.
const FIELDS: [(&str, &str); 7] = [
    ("second", "0-59"),
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31, L or W"),
    ("month", "1-12 or JAN-DEC"),
    ("day of week", "0-7 or SUN-SAT, L or #"),
    ("year", "1-5000"),
];

const SHORTS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

impl FromStr for Expression {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let cron = if text.starts_with('@') { parse_short(text)? } else { parse_fields(text)? };
        let expression = Expression { text: text.to_owned(), cron };
        let beginning = date(1, 1, 1).to_zoned_datetime(TimeZone::UTC).expect("a date that exists in UTC");
        if expression.next_after(&beginning).is_none() {
            return Err(ScheduleError::expression(text, "there is no such date"));
        }
        Ok(expression)
    }
}

impl Expression {
    /// The first time after a moment, in the moment's time zone; `None` when there is none.
    #[must_use]
    pub fn next_after(&self, moment: &ZonedDateTime) -> Option<ZonedDateTime> {
        self.cron.find_next_occurrence(&Moment(moment.clone()), false).ok().map(|found| found.0)
    }

    /// The last time at or before a moment, in the moment's time zone; `None` when there is none.
    #[must_use]
    pub fn last_until(&self, moment: &ZonedDateTime) -> Option<ZonedDateTime> {
        self.cron.find_previous_occurrence(&Moment(moment.clone()), true).ok().map(|found| found.0)
    }

    /// The last time before one.
    pub(super) fn last_before(&self, time: &ZonedDateTime) -> Option<ZonedDateTime> {
        self.cron.find_previous_occurrence(&Moment(time.clone()), false).ok().map(|found| found.0)
    }
}

fn parse_short(text: &str) -> Result<Cron, ScheduleError> {
    let short = text.to_ascii_lowercase();
    if !SHORTS.contains(&short.as_str()) {
        let why = format!("expected five fields or one of {}", SHORTS.join(", "));
        return Err(ScheduleError::expression(text, why));
    }
    let known = if short == "@midnight" { "@daily" } else { &short };
    Cron::from_str(known).map_err(|error| ScheduleError::expression(text, error.to_string()))
}

fn parse_fields(text: &str) -> Result<Cron, ScheduleError> {
    let values: Vec<&str> = text.split_whitespace().collect();
    let first = match values.len() {
        5 => 1,
        6 | 7 => 0,
        count => {
            let why = format!("expected 5 fields (6 with seconds, 7 with years too), found {count}");
            return Err(ScheduleError::expression(text, why));
        }
    };
    for (index, value) in values.iter().enumerate() {
        parse_field(text, first + index, value)?;
    }
    Cron::from_str(text).map_err(|error| ScheduleError::expression(text, plain(&error.to_string())))
}

/// Reads one field alone, so that an error can name it.
fn parse_field(text: &str, index: usize, value: &str) -> Result<(), ScheduleError> {
    let wrong = |why: String| ScheduleError::field_of(text, FIELDS[index], value, why);
    if value.split(',').any(str::is_empty) {
        return Err(wrong("an item of the list is empty".to_owned()));
    }
    let mut fields = ["*"; 7];
    fields[index] = value;
    match Cron::from_str(&fields.join(" ")) {
        Ok(_) => Ok(()),
        Err(error) => Err(wrong(plain(&error.to_string()))),
    }
}

/// An error of the parser without its prefix and its capital letter.
fn plain(error: &str) -> String {
    let error = error.strip_prefix("Component error: ").unwrap_or(error);
    let error = error.strip_prefix("Pattern contains illegal characters: CronPattern ").unwrap_or(error);
    let mut letters = error.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first times after noon of a day in Berlin.
    fn times(expression: &str, day: jiff::civil::Date, count: usize) -> Vec<String> {
        let expression: Expression = expression.parse().unwrap();
        let noon = day.at(12, 0, 0, 0).in_tz("Europe/Berlin").unwrap();
        let next = |time: &ZonedDateTime| expression.next_after(time);
        let times = std::iter::successors(next(&noon), next).take(count);
        times.map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string()).collect()
    }

    fn field_of(expression: &str) -> Option<String> {
        let error = expression.parse::<Expression>().unwrap_err();
        error.field().map(str::to_owned)
    }

    #[test]
    fn a_bad_field_is_named() {
        let cases = [
            ("60 * * * *", "minute"),
            ("x * * * * *", "second"),
            ("* 24 * * *", "hour"),
            ("* * 32 * *", "day of month"),
            ("* * * FOO *", "month"),
            ("* * * * 8", "day of week"),
            ("*/0 * * * *", "minute"),
            ("5-1 * * * *", "minute"),
            ("1,,2 * * * *", "minute"),
            ("* * * * * * never", "year"),
        ];
        for (expression, field) in cases {
            assert_eq!(field_of(expression).as_deref(), Some(field), "{expression}");
        }
    }

    #[test]
    fn an_expression_that_is_no_list_of_fields_is_refused() {
        for expression in ["", "* * * *", "* * * * * * * *", "@often", "@reboot"] {
            assert_eq!(field_of(expression), None, "{expression}");
        }
    }

    #[test]
    fn a_date_that_never_comes_is_refused() {
        let error = "0 0 30 2 *".parse::<Expression>().unwrap_err();
        assert_eq!(error.to_string(), "cron expression `0 0 30 2 *`: there is no such date");
    }

    #[test]
    fn names_ranges_and_steps_are_understood() {
        let expected = ["2024-06-03 08:00:00", "2024-06-03 10:00:00", "2024-06-04 08:00:00"];
        assert_eq!(times("0 8-11/2 * JUN mon-FRI", date(2024, 6, 1), 3), expected);
    }

    #[test]
    fn the_last_day_of_a_month_is_understood() {
        assert_eq!(times("0 0 L * *", date(2024, 2, 1), 2), ["2024-02-29 00:00:00", "2024-03-31 00:00:00"]);
        assert_eq!(times("0 0 * * FRIL", date(2024, 2, 1), 1), ["2024-02-23 00:00:00"]);
    }

    #[test]
    fn the_short_names_are_understood() {
        let day = date(2024, 6, 5);
        let first = |name| times(name, day, 1).pop();
        for (name, expected) in [
            ("@hourly", "2024-06-05 13:00:00"),
            ("@daily", "2024-06-06 00:00:00"),
            ("@Midnight", "2024-06-06 00:00:00"),
            ("@weekly", "2024-06-09 00:00:00"),
            ("@monthly", "2024-07-01 00:00:00"),
            ("@yearly", "2025-01-01 00:00:00"),
            ("@annually", "2025-01-01 00:00:00"),
        ] {
            assert_eq!(first(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn the_way_back_meets_the_same_times_as_the_way_ahead() {
        for expression in ["30 2 * * *", "*/30 1-3 * * *", "0 0 3 * * *", "0 */2 * * *", "15,45 2 * * SUN"] {
            let expression: Expression = expression.parse().unwrap();
            for day in [date(2024, 3, 29), date(2024, 10, 25)] {
                let begin = day.at(12, 0, 0, 0).in_tz("Europe/Berlin").unwrap();
                let ahead =
                    std::iter::successors(expression.next_after(&begin), |time| expression.next_after(time));
                let ahead: Vec<_> = ahead.take(20).collect();
                for pair in ahead.windows(2) {
                    assert_eq!(expression.last_until(&pair[1]).as_ref(), Some(&pair[1]), "{expression}");
                    assert_eq!(expression.last_before(&pair[1]).as_ref(), Some(&pair[0]), "{expression}");
                }
            }
        }
    }
}
