//! What tokio's synchronisation lacks. For the rest use [`tokio::sync`].
//!
//! | wanted | take |
//! |---|---|
//! | a lock, a semaphore, an event or a condition | [`tokio::sync::Mutex`], [`Semaphore`](tokio::sync::Semaphore), [`watch`](tokio::sync::watch), [`Notify`](tokio::sync::Notify): fair, and safe to cancel |
//! | a meeting point that can be broken | [`Barrier`] |
//! | a queue with many getters, an end and a count of what is unfinished | [`Queue`] |
//! | a value to read, change and wait for | [`Shared`] |

mod barrier;
mod queue;
mod queue_core;
mod queue_error;
mod shared;
mod store;

pub use barrier::{Barrier, BrokenBarrier};
pub use queue::{Queue, Shutdown};
pub use queue_error::{QueueError, Rejected};
pub use shared::Shared;
