//! Work that comes round: at a rate, after a pause, or by the calendar.
//!
//! | wanted | write |
//! |---|---|
//! | each 10 s, whatever a run takes | [`Periodic::every`] |
//! | 10 s of rest between two runs | [`Periodic::pausing`] |
//! | at 3 in the morning of a time zone | [`Cron::at`] |
//!
//! Each is a [`Service`](crate::Service). A run is a task of that service: it stands in the task
//! list under the service's name, a panic in it is a failed run and no more, and at shutdown it is
//! given the grace to end.
//!
//! ```
//! use std::time::Duration;
//! use mainspring_service::schedule::{Cron, OnError, Overlap, Periodic};
//!
//! # fn main() -> Result<(), mainspring_service::BoxError> {
//! let refresh = Periodic::every(Duration::from_secs(10), || async {})
//!     .name("refresh")
//!     .jitter(Duration::from_secs(1))
//!     .on_error(OnError::backoff(Duration::from_secs(1), Duration::from_secs(60)));
//! let report = Cron::at("30 3 * * MON-FRI", || async {})?
//!     .name("report")
//!     .zone("Europe/Berlin")?
//!     .overlap(Overlap::Queue(1));
//! # drop((refresh, report));
//! # Ok(())
//! # }
//! ```
//!
//! * [`Overlap`] says what becomes of a run that is due while another is under way.
//! * [`OnError`] says what becomes of the series when a run fails.
//! * [`Missed`] says what becomes of the times of a [`Cron`] that passed unseen.
//! * [`Handle`] starts a run by hand and shows the figures.

mod beats;
mod clock;
mod cron;
mod drive;
mod error;
mod expression;
mod handle;
mod job;
mod missed;
mod periodic;
mod policy;
mod rhythm;
mod runs;
mod ticks;
mod zoned;

pub use clock::{Clock, SystemClock};
pub use cron::Cron;
pub use error::{RunError, ScheduleError};
pub use expression::Expression;
pub use handle::{Handle, Stats};
pub use missed::Missed;
pub use periodic::Periodic;
pub use policy::{OnError, Overlap};
