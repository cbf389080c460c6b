use std::fmt;
use std::io;

use crate::signal::Signal;

/// Any error a service or a handler may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What services and handlers return: nothing or any error, unless said otherwise.
pub type Result<T = (), E = BoxError> = std::result::Result<T, E>;

/// Why an entrypoint did not do what it was asked to.
///
/// ```
/// use mainspring_service::{Context, Entrypoint};
///
/// let error = Entrypoint::new("demo")
///     .service(("cache", |_: Context| async { Err("no such table") }))
///     .run_until(async {})
///     .unwrap_err();
/// assert!(error.is_start());
/// assert_eq!(error.service(), Some("cache"));
/// assert_eq!(error.to_string(), "service `cache` did not start: no such table");
/// ```
pub struct Error {
    kind: Kind,
}

enum Kind {
    Start { service: String, source: BoxError },
    Service { service: String, source: BoxError },
    Drain { services: Vec<String> },
    Interrupted { signal: Signal, again: bool },
    Log { source: BoxError },
    Inherited { source: BoxError },
    Runtime { source: io::Error },
}

impl Error {
    pub(crate) fn start(service: &str, source: BoxError) -> Self {
        Error { kind: Kind::Start { service: service.to_owned(), source } }
    }

    pub(crate) fn failed(service: &str, source: BoxError) -> Self {
        Error { kind: Kind::Service { service: service.to_owned(), source } }
    }

    pub(crate) fn drain(services: Vec<String>) -> Self {
        Error { kind: Kind::Drain { services } }
    }

    pub(crate) fn interrupted(signal: Signal) -> Self {
        Error { kind: Kind::Interrupted { signal, again: false } }
    }

    pub(crate) fn killed(signal: Signal) -> Self {
        Error { kind: Kind::Interrupted { signal, again: true } }
    }

    pub(crate) fn log(source: BoxError) -> Self {
        Error { kind: Kind::Log { source } }
    }

    pub(crate) fn inherited(source: BoxError) -> Self {
        Error { kind: Kind::Inherited { source } }
    }

    /// Another process has taken over.
    pub(crate) fn is_replaced(&self) -> bool {
        #[cfg(unix)]
        let replaced = matches!(self.kind, Kind::Interrupted { signal: Signal::Replaced, .. });
        #[cfg(not(unix))]
        let replaced = false;
        replaced
    }

    pub(crate) fn runtime(source: io::Error) -> Self {
        Error { kind: Kind::Runtime { source } }
    }

    /// A service did not start, so none runs.
    #[must_use]
    pub fn is_start(&self) -> bool {
        matches!(self.kind, Kind::Start { .. })
    }

    /// A service failed after it had started, or while it was stopped.
    #[must_use]
    pub fn is_service(&self) -> bool {
        matches!(self.kind, Kind::Service { .. })
    }

    /// Work was still under way when the shutdown grace ended, and was cancelled.
    #[must_use]
    pub fn is_drain(&self) -> bool {
        matches!(self.kind, Kind::Drain { .. })
    }

    /// A signal ended the process before the future given to `run_until` had ended.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self.kind, Kind::Interrupted { .. })
    }

    /// The service that is to blame, when there is one.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match &self.kind {
            Kind::Start { service, .. } | Kind::Service { service, .. } => Some(service),
            Kind::Drain { services } => services.first().map(String::as_str),
            Kind::Interrupted { .. } | Kind::Log { .. } | Kind::Inherited { .. } | Kind::Runtime { .. } => {
                None
            }
        }
    }

    /// The exit code of a process that ends for this reason: 70 for work cut off by the grace,
    /// 128 + n for a second signal n, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match &self.kind {
            Kind::Drain { .. } => 70,
            Kind::Interrupted { signal, again: true } => 128 + signal.number(),
            _ => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Start { service, source } => write!(f, "service `{service}` did not start: {source}"),
            Kind::Service { service, source } => write!(f, "service `{service}` failed: {source}"),
            Kind::Drain { services } => {
                write!(
                    f,
                    "work was still under way at the end of the shutdown grace: {}",
                    services.join(", ")
                )
            }
            Kind::Interrupted { signal, again: false } => write!(f, "stopped by {signal}"),
            Kind::Interrupted { signal, again: true } => write!(f, "ended at once by a second {signal}"),
            Kind::Log { source } => write!(f, "cannot set up the log: {source}"),
            Kind::Inherited { source } => write!(f, "cannot use the sockets that were passed: {source}"),
            Kind::Runtime { source } => write!(f, "cannot make the runtime: {source}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Start { source, .. }
            | Kind::Service { source, .. }
            | Kind::Log { source }
            | Kind::Inherited { source } => Some(&**source),
            Kind::Runtime { source } => Some(source),
            Kind::Drain { .. } | Kind::Interrupted { .. } => None,
        }
    }
}
