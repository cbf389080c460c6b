//! Other processes: programs that run beside this one, and workers that are this one again.
//!
//! **[`Child`]** is a program as a service. It is ready when [`Ready`] says so, its output goes to
//! the log line by line, its end is the end of the service, and it is stopped by a signal, then
//! killed. It runs in a process group of its own: Ctrl-C in a terminal does not reach it before the
//! shutdown does, and what it has started itself ends with it.
//!
//! **[`WorkerPool`]** runs jobs in processes: for code that blocks for long, eats memory it does not
//! give back, or may crash. The workers are this same program, executed again; [`worker`], called
//! first in `main`, is where they turn off. A job is known by its name; arguments and result travel
//! as `MessagePack`, so both are plain `serde` types.
//!
//! | a worker | so |
//! |---|---|
//! | dies in a job | the job fails with [`is_lost`](JobError::is_lost), and the worker is replaced |
//! | panics in a job | the job fails with [`is_panic`](JobError::is_panic), and the worker goes on |
//! | has a job nobody waits for | [`is_cancelled`] is true in it; after the grace it is killed and replaced |
//! | loses its parent | it ends at once |
//!
//! Nothing of the parent's memory is in a worker, so context variables are not carried over; what a
//! job needs stands in its arguments. No descriptor of the parent is there but those it was given:
//! every socket and file that Rust opens is closed when another program is executed.
//!
//! Children are told nothing about the parent's service manager: `NOTIFY_SOCKET`, `LISTEN_FDS` and
//! their kin are taken out of their environment.

mod child;
mod child_error;
mod group;
mod lines;
mod notify;
mod output;
mod pool;
mod ready;
mod running;

pub use child::Child;
pub use child_error::ChildError;
pub use pool::{JobError, Jobs, WorkerPool, WorkerPoolBuilder, WorkerStats, is_cancelled, worker};
pub use ready::Ready;
