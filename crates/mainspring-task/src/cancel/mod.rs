//! Cancellation: a request to a task, delivered at its next poll.
//!
//! [`Task::cancel`](crate::Task::cancel) does not stop anything by itself. It leaves a request with
//! the task and wakes it; when the task is next polled, its body is dropped at the await where it
//! stands, and whoever awaits the task gets a [`TaskError`](crate::TaskError) with the [`Reason`].

mod reason;
mod request;

pub use reason::Reason;

pub(crate) use request::Request;
