//! Limits in time.

mod deadline;
mod limit;
mod timeout;

pub use deadline::{Deadline, Finished};
pub use limit::Limit;
pub use timeout::{Elapsed, Timeout, move_on_after, timeout, timeout_at, timeout_hard};
