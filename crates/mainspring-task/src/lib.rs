//! Tasks with names, places, cancellation and a live registry, for [tokio].
//!
//! [`spawn`] runs a future as a task and returns a [`Task`], a handle that is itself a future of
//! `Result<T, TaskError>`. Each task stands in a registry from the moment it is spawned until its
//! body is gone, so [`all_tasks`] shows who runs, where it was spawned and what it has cost.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use mainspring_task::{all_tasks, task};
//!
//! let answer = task::Builder::new().name("answer").spawn(async { 6 * 7 });
//! assert!(all_tasks().iter().any(|task| &*task.name() == "answer"));
//! assert_eq!(answer.await.unwrap(), 42);
//! # }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`task`] | [`spawn`], [`Task`], [`task::Builder`], [`TaskError`] |
//! | [`cancel`] | how a cancellation travels; [`cancel::finally`] and the other guards |
//! | [`combine`] | [`gather`], [`wait`], [`as_completed`], [`select`], [`race_ok`], [`scope()`] |
//! | [`time`] | [`time::timeout`] and its kin |
//! | [`context`] | variables that tasks inherit |
//! | [`inspect`] | [`all_tasks`], [`current_task`], [`inspect::TaskInfo`] |
//! | [`blocking`] | [`threaded`], [`threaded_iter`], [`blocking::Pool`] |
//! | [`retry`] | [`retry::Breaker`], [`retry::Breakers`] |
//! | [`sync`] | [`Shared`], [`sync::Queue`], [`sync::Barrier`] |
//!
//! This crate knows tokio's tasks and timers. It knows no socket, no HTTP and no service.

pub mod blocking;
pub mod cancel;
pub mod combine;
pub mod context;
pub mod inspect;
mod lock;
#[cfg(all(test, feature = "__loom"))]
mod models;
pub mod retry;
pub mod sync;
pub mod task;
pub mod time;

#[doc(inline)]
pub use blocking::{threaded, threaded_iter};
#[doc(inline)]
pub use cancel::Reason;
#[doc(inline)]
pub use combine::{Until, as_completed, gather, gather_settled, race_ok, scope, select, wait};
#[doc(inline)]
pub use inspect::{TaskRef, all_tasks, current_task};
#[doc(inline)]
pub use sync::Shared;
#[doc(inline)]
pub use task::{Task, TaskError, TaskId, spawn};
