use crate::Result;

/// Something that writes the log of the process: set up before the first service starts, and
/// flushed after the last one has stopped.
///
/// It is a trait so that the log can be built without this crate knowing how.
pub trait Logger: Send + 'static {
    /// Sets the log up. The value given back is kept until the process ends; dropping it flushes.
    ///
    /// # Errors
    ///
    /// When the log cannot be set up; the process does not start then.
    fn install(self: Box<Self>, environment: &Environment) -> Result<Box<dyn Installed>>;
}

/// A log that has been set up; dropping it flushes.
pub trait Installed: Send + Sync {
    /// Changes which events are logged, from now on and in all threads; called when the settings that
    /// [`Entrypoint::log_filter`](crate::Entrypoint::log_filter) names are loaded.
    ///
    /// # Errors
    ///
    /// When the directives cannot be read; those before them stay.
    fn set_filter(&self, directives: &str) -> Result;
}

/// What the environment says about the log. The entrypoint reads it, so that nobody else does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Environment {
    /// `RUST_LOG`: which events are logged.
    pub filter: Option<String>,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
}

impl Environment {
    #[expect(
        clippy::disallowed_methods,
        reason = "the entrypoint reads the environment, so that nobody else does"
    )]
    pub(super) fn read() -> Self {
        Environment {
            filter: std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        }
    }
}
