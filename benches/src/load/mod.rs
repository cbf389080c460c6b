//! A load generator for one core: keep-alive connections, pipelining, latencies without gaps.
//!
//! **Closed loop**: each connection sends a batch, reads its answers, sends the next; the server is always at its
//! limit. **Open loop**: requests are due at a fixed rate whatever the server does, and a latency counts from when its
//! request was due, so a server that stalls cannot hide the requests it kept waiting.

mod answers;
mod connection;
mod generator;
mod idle;
mod limits;
mod pace;
mod plan;

pub use generator::{Generator, Report};
pub use idle::Idle;
pub use limits::raise_file_limit;
pub use plan::{Plan, Request};
