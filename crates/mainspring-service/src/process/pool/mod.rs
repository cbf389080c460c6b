//! The pool of workers: jobs go from the queue to one seat each, and a seat has one worker.
//!
//! | file | side | what |
//! |---|---|---|
//! | `handle` | parent | [`WorkerPool`], where jobs are asked for, and the service |
//! | `seat` | parent | takes jobs, hires and replaces its worker |
//! | `hired` | parent | one worker process and one job on it |
//! | `link` | parent | frames on the socket |
//! | `frame` | both | what a frame looks like |
//! | `serve` | worker | [`worker`]: takes orders, runs jobs |
//! | `jobs` | worker | [`Jobs`], by name |
//!
//! The socket is the worker's standard input until it has moved it away, so standard output stays
//! what it is: lines for the log. A worker is told that it is one by its arguments, `argv[0]` to
//! begin with: unlike the environment, they are not passed on to what a job itself starts.

mod builder;
mod frame;
mod handle;
mod hired;
mod job_error;
mod jobs;
mod link;
mod seat;
mod serve;
mod stats;

pub use builder::WorkerPoolBuilder;
pub use handle::WorkerPool;
pub use job_error::JobError;
pub use jobs::Jobs;
pub use serve::{is_cancelled, worker};
pub use stats::WorkerStats;
