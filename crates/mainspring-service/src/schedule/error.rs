use std::fmt;

use crate::BoxError;

/// Why a schedule could not be understood.
///
/// ```
/// use mainspring_service::schedule::Cron;
///
/// let error = Cron::at("0 25 * * *", || async {}).unwrap_err();
/// assert_eq!(error.field(), Some("hour"));
/// assert_eq!(
///     error.to_string(),
///     "cron expression `0 25 * * *`: hour is `25`, expected 0-23: number out of bounds",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Field { expression: String, field: &'static str, value: String, expected: &'static str, why: String },
    Expression { expression: String, why: String },
    Zone { name: String, why: String },
}

impl ScheduleError {
    pub(super) fn field_of(
        expression: &str,
        (field, expected): (&'static str, &'static str),
        value: &str,
        why: String,
    ) -> Self {
        let (expression, value) = (expression.to_owned(), value.to_owned());
        ScheduleError { kind: Kind::Field { expression, field, value, expected, why } }
    }

    pub(super) fn expression(expression: &str, why: impl Into<String>) -> Self {
        ScheduleError { kind: Kind::Expression { expression: expression.to_owned(), why: why.into() } }
    }

    pub(super) fn zone(name: &str, why: impl fmt::Display) -> Self {
        ScheduleError { kind: Kind::Zone { name: name.to_owned(), why: why.to_string() } }
    }

    /// The field that is wrong, when it is one: `second`, `minute`, `hour`, `day of month`,
    /// `month`, `day of week` or `year`.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match &self.kind {
            Kind::Field { field, .. } => Some(field),
            Kind::Expression { .. } | Kind::Zone { .. } => None,
        }
    }

    /// The time zone is not known.
    #[must_use]
    pub fn is_zone(&self) -> bool {
        matches!(self.kind, Kind::Zone { .. })
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Field { expression, field, value, expected, why } => {
                write!(f, "cron expression `{expression}`: {field} is `{value}`, expected {expected}: {why}")
            }
            Kind::Expression { expression, why } => write!(f, "cron expression `{expression}`: {why}"),
            Kind::Zone { name, why } => write!(f, "time zone `{name}`: {why}"),
        }
    }
}

impl std::error::Error for ScheduleError {}

/// Why a run that was asked for by hand did not succeed.
pub struct RunError {
    kind: RunKind,
}

enum RunKind {
    Skipped,
    Stopped,
    Failed(BoxError),
}

impl RunError {
    pub(super) fn skipped() -> Self {
        RunError { kind: RunKind::Skipped }
    }

    pub(super) fn stopped() -> Self {
        RunError { kind: RunKind::Stopped }
    }

    pub(super) fn failed(error: BoxError) -> Self {
        RunError { kind: RunKind::Failed(error) }
    }

    /// It was left out, because the [`Overlap`](super::Overlap) policy did not let it run.
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        matches!(self.kind, RunKind::Skipped)
    }

    /// The service is not there any more, or was stopped before the run's turn had come.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self.kind, RunKind::Stopped)
    }

    /// It ran, and failed or panicked.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self.kind, RunKind::Failed(_))
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            RunKind::Skipped => f.write_str("the run was left out, because another is under way"),
            RunKind::Stopped => f.write_str("the schedule has stopped"),
            RunKind::Failed(error) => write!(f, "the run failed: {error}"),
        }
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunError({self})")
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            RunKind::Failed(error) => Some(&**error),
            RunKind::Skipped | RunKind::Stopped => None,
        }
    }
}
