//! The way a process starts, runs and ends.
//!
//! **Start.** All services start at once. When one fails, those that had started are stopped, the
//! last one first, and the error names the one that failed.
//!
//! **Run.** A service whose `start` fails or panics after it was ready ends the process.
//!
//! **Stop.** Every service is told at once, so that nobody takes new work; then there is the
//! shutdown grace for the work that is under way; what is left is named in the log and cancelled;
//! then `stop` is called on each service, the last one that became ready first. A service whose
//! `stop` fails does not keep the others from theirs. A second signal ends the process at once.

mod builder;
mod drive;
mod launch;
mod logger;
mod running;

pub use builder::Entrypoint;
pub use launch::{Launch, launch};
pub use logger::{Environment, Logger};
pub use running::Running;
