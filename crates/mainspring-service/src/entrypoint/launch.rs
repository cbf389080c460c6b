use std::any::Any;
use std::fmt::Display;
use std::process::ExitCode;

use super::{Entrypoint, Logger};
use crate::{BoxError, config};

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

impl<E: Display + 'static> Launch for Result<Entrypoint, E> {
    fn launch(self, log: impl Logger) -> ExitCode {
        match self {
            Ok(entrypoint) => entrypoint.launch(log),
            Err(error) => {
                complain(&error);
                ExitCode::from(exit_code(&error))
            }
        }
    }
}

/// Runs an entrypoint with `log` unless it has chosen its own; what the attribute macro calls.
///
/// An `Err` is written to standard error, and the exit code is 1; 2 for [settings](config::Error) that are
/// not in order.
pub fn launch(program: impl Launch, log: impl Logger) -> ExitCode {
    program.launch(log)
}

fn exit_code(error: &dyn Any) -> u8 {
    let settings = error.downcast_ref::<config::Error>();
    let boxed = error.downcast_ref::<BoxError>().and_then(|error| error.downcast_ref::<config::Error>());
    settings.or(boxed).map_or(1, config::Error::exit_code)
}

#[expect(clippy::print_stderr, reason = "there is no log yet")]
pub(super) fn complain(error: &dyn Display) {
    eprintln!("error: {error}");
}
