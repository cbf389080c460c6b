//! Code that blocks, kept off the threads that poll tasks.
//!
//! [`threaded`] runs a closure on a pool of threads and gives a [`Job`], the future of its value;
//! [`threaded_iter`] does the same for an iterator and gives a stream. Both are [`Builder`]'s
//! short ways.
//!
//! A [`Pool`] has a bound on its threads and a bound on its queue, always. When both are full, a
//! job waits for a place outside of the queue, in the future that its caller awaits, so that
//! whoever makes work too fast is held back; or the pool refuses it ([`Full`]). Two pools are there
//! from the start: [`Pool::io`] for code that waits and [`Pool::cpu`] for code that computes.
//!
//! # Cancellation
//!
//! A thread cannot be stopped. Dropping a [`Job`] that has not started takes it out of the queue,
//! and its closure never runs. One that has started runs on, and its value is thrown away; long
//! loops look at [`is_cancelled`] and stop early. A panic that nobody awaits any more is reported
//! once, as for tasks.
//!
//! # From a job back to the tasks
//!
//! A job runs within the runtime of the task that made it: [`spawn`](crate::spawn) works inside,
//! and so does waiting for a future with `tokio::runtime::Handle::current().block_on(…)`.
//!
//! # Seeing it
//!
//! Each job stands in the registry of tasks from the call to its end, and [`Pool::stats`] counts.
//!
//! # Paused clocks
//!
//! The clock of a test that is paused jumps ahead whenever all tasks wait, also when what they
//! wait for is a job: a time-out around a job may end at once there.

mod builder;
mod carried;
mod core;
mod entry;
mod error;
mod feed;
mod items;
mod job;
mod line;
mod pool;
mod pool_builder;
mod shutdown;
mod work;
mod worker;

pub use builder::{Builder, run_in, threaded, threaded_iter};
pub use entry::is_cancelled;
pub use error::PoolError;
pub use items::Items;
pub use job::Job;
pub use pool::{Pool, Stats};
pub use pool_builder::{Full, PoolBuilder};
pub use shutdown::Unfinished;
