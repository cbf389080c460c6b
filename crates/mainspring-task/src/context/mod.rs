//! Context variables: values that belong to a task and are inherited by what it spawns.
//!
//! A variable is a static made by [`context_var!`](crate::context_var). Each task has its own map
//! of values. [`spawn`](crate::spawn), [`threaded`](crate::threaded) and callbacks copy the map of
//! the task they are called in, at the time of the call; after that the two are independent: what
//! the child sets the parent does not see, nor the other way round. The copy is one reference count;
//! the map is copied only when one of those who share it sets a variable.

mod snapshot;
mod variable;

pub use snapshot::Snapshot;
#[doc(hidden)]
pub use variable::lowercase;
pub use variable::{ContextVar, Held, Scoped, visit_logged};

pub(crate) use snapshot::swap;
