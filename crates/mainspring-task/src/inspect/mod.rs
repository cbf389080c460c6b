//! Seeing tasks while they run.
//!
//! Every task stands in one registry, from its spawn until its body is dropped. Reading the
//! registry never stops a task: figures are relaxed atomics that each task writes about itself.
//!
//! Times here are real, never those of a paused test clock: they tell what the processor did.

mod current;
mod info;
mod node;
mod reference;
mod registry;

pub use current::current_task;
pub use info::{Holder, State, TaskInfo};
pub use reference::TaskRef;
pub use registry::{all_tasks, detached_panics};

pub(crate) use current::{Entered, Position, Within, current};
pub(crate) use node::{Label, Node};
pub(crate) use registry::{count_detached_panic, enroll};
