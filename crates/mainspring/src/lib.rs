#![doc = include_str!("../docs/front.md")]

#[doc(inline)]
pub use mainspring_macros::{Config, main};
#[doc(inline)]
pub use mainspring_observe::log;
#[cfg(unix)]
#[doc(inline)]
pub use mainspring_service::process;
#[doc(inline)]
pub use mainspring_service::{
    BoxError, Context, Entrypoint, Error, Launch, Outcome, Result, Running, Runtime, Service, Stopping,
    config, entrypoint, fs, launch, net, pool, runtime, schedule, service,
};
#[doc(inline)]
pub use mainspring_task::{
    Reason, Shared, Task, TaskError, TaskId, TaskRef, Until, all_tasks, as_completed, blocking, cancel,
    combine, context, context_var, current_task, gather, gather_settled, inspect, race_ok, retry, scope,
    select, spawn, sync, task, threaded, threaded_iter, time, wait,
};
#[doc(inline)]
pub use mainspring_web as web;

pub mod prelude;

/// The program in the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
