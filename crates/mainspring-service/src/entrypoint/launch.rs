use std::fmt::Display;
use std::process::ExitCode;

use super::{Entrypoint, Logger};

/// What a `main` marked with the attribute macro may return.
pub trait Launch {
    /// Runs it to its end.
    fn launch(self, log: impl Logger) -> ExitCode;
}

impl Launch for Entrypoint {
    fn launch(self, log: impl Logger) -> ExitCode {
        self.log_default(log).run()
    }
}

impl<E: Display> Launch for Result<Entrypoint, E> {
    fn launch(self, log: impl Logger) -> ExitCode {
        match self {
            Ok(entrypoint) => entrypoint.launch(log),
            Err(error) => {
                complain(&error);
                ExitCode::FAILURE
            }
        }
    }
}

/// Runs an entrypoint with `log` unless it has chosen its own; what the attribute macro calls.
///
/// An `Err` becomes one line on standard error and exit code 1.
pub fn launch(program: impl Launch, log: impl Logger) -> ExitCode {
    program.launch(log)
}

#[expect(clippy::print_stderr, reason = "there is no log yet")]
pub(super) fn complain(error: &dyn Display) {
    eprintln!("error: {error}");
}
