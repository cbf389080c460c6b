//! Measures Mainspring beside its peers: instruction counts that repeat to the digit, and ratios of the wall clock.
//!
//! The binaries are the measured server (`plaintext`), the drivers (`instructions`, `http`), those that are both
//! (`echo`, `services`) and the load generator for use by hand (`load`); the peers' servers stand in `peers/`, a
//! package of its own. See `README.md`.

pub mod load;
pub mod servers;

use std::io;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The clock of the wall, since a moment.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the wall's clock is what is measured")]
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// How long ago that was.
    #[must_use]
    pub fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The value in the middle; of an even number, the upper one. Zero when there is none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// How often something is to be done: what the command line says, or `default` when it says nothing.
///
/// # Errors
///
/// When the only argument is not a number above zero, or there are more.
pub fn times(args: &[&str], default: usize) -> io::Result<usize> {
    match args {
        [] => Ok(default),
        [times] => match times.parse() {
            Ok(times) if times > 0 => Ok(times),
            _ => Err(io::Error::other(format!("`{times}` is not a number of times above zero"))),
        },
        [_, more, ..] => Err(io::Error::other(format!("nothing is known of `{more}`"))),
    }
}

/// Asks a child to end (SIGTERM).
///
/// # Errors
///
/// When it has been waited for already.
pub fn terminate(child: &Child) -> io::Result<()> {
    Ok(kill_process(Pid::from_child(child), Signal::TERM)?)
}

/// Blocks the thread.
#[expect(clippy::disallowed_methods, reason = "for programs without a runtime: there is nothing to block")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
