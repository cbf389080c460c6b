//! Listening sockets that one process takes over from another.
//!
//! A process-wide table holds sockets that came from outside: from systemd, by
//! [`adopt_environment`], or from the process that this one replaces, by [`adopt`]. A listener that starts
//! looks there first, and binds only when it finds nothing of its own. [`hand_over`] is the other end: it
//! lists the sockets this process listens on, for the one that is to replace it.
//!
//! Both processes may accept from a socket for a while; no connection is lost between them.

mod environment;
mod handover;
mod held;
mod table;

pub use environment::adopt_environment;
pub use handover::{Handover, hand_over};
pub use table::{Inherited, adopt, leftover};

pub(super) use held::Held;
pub(super) use table::{Bound, Wanted, take};
