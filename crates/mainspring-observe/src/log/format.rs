use std::fmt::Write as _;

use super::timestamp;

/// Chooses how a line looks. The [module](super) shows each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// [`Color`](Self::Color) when the output is a terminal and the user did not set `NO_COLOR`, else
    /// [`Plain`](Self::Plain).
    #[default]
    Auto,
    /// Text with ANSI colors.
    Color,
    /// Text without them.
    Plain,
    /// One JSON object per line: `timestamp` (RFC 3339, UTC), `level`, `target`, then the event's fields with
    /// `message` among them, then `spans`, then `context` with the variables of the task that log lines carry. A field named like one of these is written as `fields.NAME`, so that
    /// no key comes twice.
    Json,
}

/// A [`Format`] with nothing left to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Text { color: bool },
    Json,
}

impl Format {
    pub(super) fn resolve(self, is_terminal: bool, no_color: bool) -> Style {
        match self {
            Self::Auto => Style::Text { color: is_terminal && !no_color },
            Self::Color => Style::Text { color: true },
            Self::Plain => Style::Text { color: false },
            Self::Json => Style::Json,
        }
    }
}

impl Style {
    /// The line that owns up to `dropped` lost ones.
    pub(super) fn notice(self, dropped: u64) -> String {
        let mut now = String::new();
        // A clock that cannot be shown must not hide the count.
        let _ = timestamp::write_now(&mut now);
        let mut line = String::new();
        let written = match self {
            Self::Text { color: false } => {
                writeln!(line, "{now}  WARN mainspring::log: lines dropped dropped={dropped}")
            }
            Self::Text { color: true } => writeln!(
                line,
                "\x1b[2m{now}\x1b[0m \x1b[33m WARN\x1b[0m \x1b[2mmainspring::log\x1b[0m\x1b[2m:\x1b[0m \
                 lines dropped \x1b[3mdropped\x1b[0m\x1b[2m=\x1b[0m{dropped}"
            ),
            Self::Json => writeln!(
                line,
                r#"{{"timestamp":"{now}","level":"WARN","target":"mainspring::log","message":"lines dropped","dropped":{dropped}}}"#
            ),
        };
        written.expect("a string takes whatever is written");
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_color_only_on_a_terminal_that_wants_it() {
        assert_eq!(Format::Auto.resolve(true, false), Style::Text { color: true });
        assert_eq!(Format::Auto.resolve(true, true), Style::Text { color: false });
        assert_eq!(Format::Auto.resolve(false, false), Style::Text { color: false });
    }

    #[test]
    fn a_format_asked_for_by_name_is_kept() {
        assert_eq!(Format::Color.resolve(false, true), Style::Text { color: true });
        assert_eq!(Format::Json.resolve(true, false), Style::Json);
    }

    #[test]
    fn the_notice_speaks_the_format_of_the_log() {
        let plain = Style::Text { color: false }.notice(12);
        assert!(plain.ends_with("  WARN mainspring::log: lines dropped dropped=12\n"), "{plain}");
        let json: serde_json::Value = serde_json::from_str(&Style::Json.notice(12)).unwrap();
        assert_eq!(json["dropped"], 12);
        assert_eq!(json["level"], "WARN");
        assert!(Style::Text { color: true }.notice(12).contains("\x1b[33m WARN\x1b[0m"));
    }
}
