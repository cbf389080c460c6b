use super::TaskError;

/// How a task ended, without its value; what done-callbacks are told.
#[derive(Debug, Clone)]
pub struct Ended {
    error: Option<TaskError>,
}

impl Ended {
    pub(super) fn of<T>(result: &Result<T, TaskError>) -> Self {
        Ended { error: result.as_ref().err().cloned() }
    }

    /// It ended with a value.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// It was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.error.as_ref().is_some_and(TaskError::is_cancelled)
    }

    /// Why it ended without a value.
    #[must_use]
    pub fn error(&self) -> Option<&TaskError> {
        self.error.as_ref()
    }
}
