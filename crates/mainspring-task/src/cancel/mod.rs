//! Cancellation: a request, delivered at the next poll to the innermost guard.
//!
//! [`Task::cancel`](crate::Task::cancel) stops nothing by itself. It leaves a request with the task
//! and wakes it. What happens then depends on the guards that are alive inside the task:
//!
//! * **None.** The task's body is dropped at the await where it stands. This costs nothing but a
//!   flag that is looked at on each poll.
//! * **Some.** The request goes to the innermost ones, in every branch of a `join!`, `select!` or
//!   `FuturesUnordered`, and works its way out from there. Each guard in its turn drops its body
//!   and does what it is for; when the last has made way, the task ends as cancelled.
//!
//! | guard | on a request |
//! |---|---|
//! | [`finally`] | drops the body, runs the cleanup to its end, passes the request on |
//! | [`catch_cancel`] | drops the body and goes on: the request is consumed |
//! | [`uncancellable`] | lets the body end first, then passes the request on |
//! | [`scope`](crate::scope()) | drops its body, cancels its tasks and waits for them, passes it on |
//! | [`cancelled`] | resolves: the request is consumed |
//! | [`shield`] | is dropped; the task it waits for goes on |
//! | an awaited [`Task`](crate::Task) | is cancelled too, and waited for |
//!
//! [`timeout`](crate::time::timeout), [`scope`](crate::scope()) and the shutdown of services cancel in
//! this one way, so a body that times out has cleaned up before its caller sees the time-out.
//!
//! **Bounds.** Cleanup has a *grace*: 10 s unless [`set_grace`], or the grace of the task, says
//! otherwise. When it is over, or at a second `cancel`, or at [`abort`](crate::Task::abort), the
//! body is dropped with its guards, and the log names the guards that held it.
//!
//! **Rescue.** When a guard is dropped from outside before its cleanup has ended, as by a `select!`
//! that another branch has won, the cleanup is handed to a task of its own; [`rescued`] waits for
//! those. [`rescue`] hands over a future of one's own in the same way. A guard that was never polled has not begun, and has nothing to clean up.

mod catch;
mod finally;
mod grace;
mod guard;
mod intercept;
mod reason;
mod rescue;
mod resource;
mod scope;
mod shield;
mod state;
mod tree;

pub use catch::{Cancelled, cancelled, catch_cancel};
pub use finally::finally;
pub use grace::{grace, set_grace};
pub use guard::uncancellable;
pub use reason::Reason;
pub use rescue::{rescue, rescued, rescues};
pub use resource::{Exit, with_resource};
pub use shield::{Shield, shield};

pub(crate) use finally::CatchUnwind;
pub(crate) use grace::Grace;
pub(crate) use guard::{Seat, is_passing, while_dropping_hard};
pub(crate) use intercept::intercept;
pub(crate) use scope::{Key, Kind, ROOT, Turn, UNOPENED};
pub(crate) use state::Cancel;
