use std::io;
use std::str::FromStr;

/// How a file is opened.
///
/// | mode | short | if it is there | if it is not |
/// |---|---|---|---|
/// | [`READ`](Mode::READ) | `r` | read | error |
/// | [`WRITE`](Mode::WRITE) | `w` | emptied, written | made |
/// | [`APPEND`](Mode::APPEND) | `a` | written at its end | made |
/// | [`NEW`](Mode::NEW) | `x` | error | made |
///
/// [`both`](Mode::both), `+`, is for reading and writing. `b` and `t` are taken and mean nothing:
/// a file is bytes, and [`next_line`](super::File::next_line) and
/// [`read_to_string`](super::File::read_to_string) are text.
///
/// ```
/// use mainspring_service::fs::Mode;
///
/// assert_eq!("rb+".parse::<Mode>().unwrap(), Mode::READ.both());
/// assert_eq!("rw".parse::<Mode>().unwrap_err().to_string(), "file mode `rw`: expected r, w, a or x, with + for both ways");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    verb: Verb,
    both: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Read,
    Write,
    Append,
    New,
}

impl Mode {
    /// Reads a file that is there.
    pub const READ: Mode = Mode { verb: Verb::Read, both: false };
    /// Writes from the beginning; what was there is gone.
    pub const WRITE: Mode = Mode { verb: Verb::Write, both: false };
    /// Writes at the end.
    pub const APPEND: Mode = Mode { verb: Verb::Append, both: false };
    /// Writes a file that must not be there yet.
    pub const NEW: Mode = Mode { verb: Verb::New, both: false };

    /// The same, for reading and writing.
    #[must_use]
    pub const fn both(self) -> Self {
        Mode { verb: self.verb, both: true }
    }

    pub(super) fn reads(self) -> bool {
        self.both || self.verb == Verb::Read
    }

    pub(super) fn writes(self) -> bool {
        self.both || self.verb != Verb::Read
    }

    pub(super) fn options(self) -> std::fs::OpenOptions {
        let mut options = std::fs::OpenOptions::new();
        options.read(self.reads());
        match self.verb {
            Verb::Read => options.write(self.both),
            Verb::Write => options.write(true).create(true).truncate(true),
            Verb::Append => options.append(true).create(true),
            Verb::New => options.write(true).create_new(true),
        };
        options
    }
}

impl FromStr for Mode {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Mode> {
        let wrong = || {
            let why = format!("file mode `{text}`: expected r, w, a or x, with + for both ways");
            io::Error::new(io::ErrorKind::InvalidInput, why)
        };
        let mut letters = text.chars();
        let mode = match letters.next() {
            Some('r') => Mode::READ,
            Some('w') => Mode::WRITE,
            Some('a') => Mode::APPEND,
            Some('x') => Mode::NEW,
            _ => return Err(wrong()),
        };
        match letters.as_str() {
            "" | "b" | "t" => Ok(mode),
            "+" | "b+" | "t+" | "+b" | "+t" => Ok(mode.both()),
            _ => Err(wrong()),
        }
    }
}

/// A [`Mode`] or its short form.
pub trait IntoMode {
    /// The mode.
    ///
    /// # Errors
    ///
    /// When the short form is none.
    fn into_mode(self) -> io::Result<Mode>;
}

impl IntoMode for Mode {
    fn into_mode(self) -> io::Result<Mode> {
        Ok(self)
    }
}

impl IntoMode for &str {
    fn into_mode(self) -> io::Result<Mode> {
        self.parse()
    }
}
