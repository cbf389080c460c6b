use std::{fmt, io, ops::RangeInclusive};

use tracing_subscriber::{filter::ParseError, reload};

/// Says why a log could not be installed or changed.
pub struct Error(Kind);

#[derive(Debug)]
pub(super) enum Kind {
    AlreadyInstalled,
    Level { level: String },
    Directive { directive: String, origin: &'static str, source: ParseError },
    Buffer { bytes: usize, allowed: RangeInclusive<usize> },
    Output { name: String, source: io::Error },
    Thread { source: io::Error },
    Reload { source: reload::Error },
}

impl Error {
    /// Whether another subscriber had been set for the process before.
    #[must_use]
    pub fn is_already_installed(&self) -> bool {
        matches!(self.0, Kind::AlreadyInstalled)
    }

    /// Whether a level or a filter directive could not be read; the message names it.
    #[must_use]
    pub fn is_bad_filter(&self) -> bool {
        matches!(self.0, Kind::Level { .. } | Kind::Directive { .. })
    }

    /// Whether the buffer asked for is too small to hold a line, or too large.
    #[must_use]
    pub fn is_bad_buffer(&self) -> bool {
        matches!(self.0, Kind::Buffer { .. })
    }

    /// Whether the output could not be opened; the message names it.
    #[must_use]
    pub fn is_output(&self) -> bool {
        matches!(self.0, Kind::Output { .. })
    }

    /// Whether the system refused the writer's thread.
    #[must_use]
    pub fn is_thread(&self) -> bool {
        matches!(self.0, Kind::Thread { .. })
    }

    /// Whether the filter could not be changed because the subscriber that held it is gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.0, Kind::Reload { .. })
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::AlreadyInstalled => f.write_str("log: a subscriber has been set for this process before"),
            Kind::Level { level } => {
                write!(f, "log level {level:?}: expected off, error, warn, info, debug or trace")
            }
            Kind::Directive { directive, origin, source } => {
                write!(f, "log filter from {origin}: bad directive {directive:?}: {source}")
            }
            Kind::Buffer { bytes, allowed } => {
                write!(f, "log buffer of {bytes} bytes: expected {} to {}", allowed.start(), allowed.end())
            }
            Kind::Output { name, source } => write!(f, "log output {name}: {source}"),
            Kind::Thread { source } => write!(f, "log: cannot start the writer's thread: {source}"),
            Kind::Reload { source } => write!(f, "log filter cannot be changed: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::AlreadyInstalled | Kind::Level { .. } | Kind::Buffer { .. } => None,
            Kind::Directive { source, .. } => Some(source),
            Kind::Output { source, .. } | Kind::Thread { source } => Some(source),
            Kind::Reload { source } => Some(source),
        }
    }
}
