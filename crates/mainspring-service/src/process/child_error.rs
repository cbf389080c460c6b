use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

/// Why a child process is not there, or has not ended well.
///
/// ```
/// use std::process::Command;
/// use mainspring_service::{Entrypoint, process::Child};
///
/// let missing = Child::new("cache", Command::new("/no/such/program"));
/// let error = Entrypoint::new("demo").service(missing).run_until(async {}).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "service `cache` did not start: cannot run `/no/such/program`: there is no such program",
/// );
/// ```
#[derive(Clone)]
pub struct ChildError {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Spawn { program: String, hint: &'static str, source: Arc<io::Error> },
    Ended { name: Arc<str>, status: ExitStatus, ready: bool, last_words: String },
    NotReady { name: Arc<str>, waits_for: String, bound: Duration },
    Killed { name: Arc<str>, bound: Duration },
    Setup { what: &'static str, source: Arc<io::Error> },
    Refused { name: Arc<str>, why: String },
    NoWorker,
}

impl ChildError {
    /// `hint` takes the place of the system's words when it is not empty.
    pub(super) fn spawn(program: String, hint: &'static str, source: io::Error) -> Self {
        ChildError { kind: Kind::Spawn { program, hint, source: Arc::new(source) } }
    }

    pub(super) fn ended(name: Arc<str>, status: ExitStatus, ready: bool, last_words: String) -> Self {
        ChildError { kind: Kind::Ended { name, status, ready, last_words } }
    }

    pub(super) fn not_ready(name: Arc<str>, waits_for: String, bound: Duration) -> Self {
        ChildError { kind: Kind::NotReady { name, waits_for, bound } }
    }

    pub(super) fn killed(name: Arc<str>, bound: Duration) -> Self {
        ChildError { kind: Kind::Killed { name, bound } }
    }

    pub(super) fn setup(what: &'static str, source: io::Error) -> Self {
        ChildError { kind: Kind::Setup { what, source: Arc::new(source) } }
    }

    pub(super) fn refused(name: Arc<str>, why: String) -> Self {
        ChildError { kind: Kind::Refused { name, why } }
    }

    pub(super) fn no_worker() -> Self {
        ChildError { kind: Kind::NoWorker }
    }

    /// The program could not be run at all.
    #[must_use]
    pub fn is_spawn(&self) -> bool {
        matches!(self.kind, Kind::Spawn { .. })
    }

    /// The process has ended by itself.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.kind, Kind::Ended { .. })
    }

    /// The process was not ready within its bound.
    #[must_use]
    pub fn is_not_ready(&self) -> bool {
        matches!(self.kind, Kind::NotReady { .. })
    }

    /// The process did not heed the signal that asked it to stop, and was killed.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        matches!(self.kind, Kind::Killed { .. })
    }

    /// How the process has ended, when it has ended by itself.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        match self.kind {
            Kind::Ended { status, .. } => Some(status),
            _ => None,
        }
    }
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Spawn { program, hint: "", source } => write!(f, "cannot run `{program}`: {source}"),
            Kind::Spawn { program, hint, .. } => write!(f, "cannot run `{program}`: {hint}"),
            Kind::Ended { name, status, ready, last_words } => {
                let when = if *ready { "" } else { " before it was ready" };
                write!(f, "`{name}` ended{when}: {status}")?;
                if last_words.is_empty() { Ok(()) } else { write!(f, "; its last words: {last_words}") }
            }
            Kind::NotReady { name, waits_for, bound } => {
                write!(f, "`{name}` was not ready within {bound:?}: it was to {waits_for}")
            }
            Kind::Killed { name, bound } => {
                write!(f, "`{name}` did not stop within {bound:?} of being asked to, and was killed")
            }
            Kind::Setup { what, source } => write!(f, "cannot make {what}: {source}"),
            Kind::Refused { name, why } => write!(f, "`{name}` cannot work: {why}"),
            Kind::NoWorker => f.write_str(
                "this program cannot be its own worker: call `process::worker` first thing in `main`",
            ),
        }
    }
}

impl fmt::Debug for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChildError({self})")
    }
}

impl std::error::Error for ChildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Spawn { source, .. } | Kind::Setup { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
