use std::fmt;

use super::problem::Problem;

/// Everything that is wrong with the settings of a program, each with its place.
///
/// Its text has a line for each mistake: `FILE:LINE:COLUMN`, `variable NAME` or `flag --NAME`, the key, what was
/// expected and what was found. No secret is ever part of it.
///
/// ```
/// use mainspring_service::config::{Loader, Sources};
/// # #[derive(Debug, Default, serde::Serialize, serde::Deserialize, mainspring_macros::Config)]
/// # #[serde(default)]
/// # #[config(crate = "mainspring_service::config")]
/// # struct Settings { port: u16 }
///
/// let sources = Sources::none().file("rates.toml", "prt = 80\n").var("RATES_PORT", "http");
/// let error = Loader::new("rates").sources(sources).load::<Settings>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "2 mistakes in the settings:\n\
///      \x20 rates.toml:1:1: unknown key `prt`; did you mean `port`?\n\
///      \x20 variable RATES_PORT: `port`: expected an integer from 0 to 65535, found \"http\""
/// );
/// ```
pub struct Error {
    problems: Vec<Problem>,
    check: bool,
}

impl Error {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|one, other| one.origin.cmp(&other.origin));
        Error { problems, check: false }
    }

    pub(super) fn asked(self, check: bool) -> Self {
        Error { check, ..self }
    }

    /// The mistakes, one line each, in the order of their places; at least one.
    pub fn mistakes(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(Problem::to_string)
    }

    /// The program was asked to check its settings only, with `--check`.
    #[must_use]
    pub fn is_check(&self) -> bool {
        self.check
    }

    /// The exit code of a process that ends for this reason: 2.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        2
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = &self.problems[..] {
            return write!(f, "{problem}");
        }
        write!(f, "{} mistakes in the settings:", self.problems.len())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// The same as `Display`, so that a `main` that returns it reads well.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
