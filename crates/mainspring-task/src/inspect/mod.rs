//! Seeing tasks while they run.
//!
//! Every task stands in one registry, from its spawn until its body is dropped. Reading the
//! registry never stops a task: figures are relaxed atomics that each task writes about itself.
//!
//! | to see | there is |
//! |---|---|
//! | who runs, and what it has cost | [`all_tasks`], [`tasks`] with filters, [`TaskRef::info`] |
//! | who spawned whom | [`tree`] |
//! | all of it as text | [`dump`], [`dump_with_places`] |
//! | where a task awaits | [`TaskRef::await_place`], [`await_places`], [`await_places_of`] |
//! | polls that took long | [`slow_polls`], and a warning in the log; [`set_slow_poll`] |
//! | polls that do not come back | [`stuck_polls`], and a warning with the stack; [`set_stuck_poll`] |
//!
//! All of it is always on. The await place is asked for on demand: the task is woken and polled once
//! with a waker that notes who keeps it, so it needs no annotation in the program and costs nothing
//! until then.
//!
//! Times here are real, never those of a paused test clock: they tell what the processor did.

mod await_place;
mod current;
mod dump;
mod filter;
mod info;
mod lane;
mod node;
mod reference;
mod registry;
mod slow;
mod stack;
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    path = "no_thread_stack.rs"
)]
#[cfg_attr(
    all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")),
    expect(unsafe_code, reason = "a signal handler that walks the stack it interrupted")
)]
mod thread_stack;
mod ticks;
#[expect(unsafe_code, reason = "a waker whose `clone` is our own is made of a raw table")]
mod trace_waker;
mod tree;
mod watchdog;

pub use await_place::{AwaitPlace, Leaf, Standing, await_places, await_places_of};
pub use current::current_task;
pub use dump::{Dump, dump, dump_with_places};
pub use filter::{Tasks, tasks};
pub use info::{Holder, State, TaskInfo};
pub use reference::TaskRef;
pub use registry::{all_tasks, detached_panics};
pub use slow::{set_slow_poll, slow_poll, slow_polls};
pub use stack::Frame;
pub use tree::{TaskTree, tree};
pub use watchdog::{longest_current_poll, set_stuck_poll, stuck_poll, stuck_polls};

pub(crate) use current::{Late, Position, Within, current, run_current};
pub(crate) use node::{Label, Node};
pub(crate) use registry::{count_detached_panic, enroll};
pub(crate) use trace_waker::{follow, real};
