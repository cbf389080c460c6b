use std::fmt;
use std::sync::Arc;

/// What a service is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Status {
    /// On its way up, for the first time or after a failure.
    #[default]
    Starting,
    /// Up.
    Ready,
    /// Up, but not well; why is said.
    Degraded(Arc<str>),
    /// On its way down.
    Stopping,
    /// Down, as it should be.
    Stopped,
    /// Down for good; why is said.
    Failed(Arc<str>),
}

impl Status {
    /// It does its work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Status::Ready)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Starting => f.write_str("starting"),
            Status::Ready => f.write_str("ready"),
            Status::Degraded(why) => write!(f, "degraded: {why}"),
            Status::Stopping => f.write_str("stopping"),
            Status::Stopped => f.write_str("stopped"),
            Status::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// The outcome of one health check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// The service that registered it.
    pub service: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What is wrong; `None` when nothing is.
    pub problem: Option<String>,
}
