//! A task: one future that runs on its own, with a name, a place and an outcome.
//!
//! [`spawn`] is the short way, [`Builder`] the one with options. Both put the task into the
//! registry before it is first polled and take it out after its body is dropped.
//!
//! A task belongs to nobody in particular: dropping its [`Task`] lets it run on. A panic in a task
//! whose handle is gone, or goes without having been awaited, is reported once in the log.

mod body;
mod builder;
mod core;
mod ended;
mod error;
mod handle;
mod id;
mod shared;

pub use builder::{Builder, spawn};
pub use ended::Ended;
pub use error::{TaskError, panic_message};
pub use handle::Task;
pub use id::TaskId;
pub use shared::SharedTask;

pub(crate) use self::core::{Core, Registered};
