//! The way a process starts, runs and ends.
//!
//! **Start.** All services start together; who needs something of another waits for it. When one
//! fails, those that had started are stopped, the last one first, and the error names the one that
//! failed.
//!
//! **Run.** A service whose `start` fails or panics after it was ready is started again if its policy
//! says so. When it has failed for good, the process ends, unless its policy says that it lives on.
//!
//! **Stop.** By phases, each said in the log:
//! 1. *Not ready*: health and readiness say so, and the process goes on for the pre-stop delay.
//! 2. *Drain*: each service is told to take no new work as soon as those that needed it are down; what
//!    is under way has the shutdown grace, one for all. Then its `stop` is called; of services that do
//!    not need each other, on the last one ready first.
//! 3. *Cancel*: what is left at the end of the grace is named in the log (task, place, age, service,
//!    and where it awaits) and cancelled; its cleanup has its own grace. Then the others have their `stop`.
//! 4. *Drop*: what is left even then is dropped.
//!
//! A phase that has nothing to wait for takes no time. A service that fails on its way down does not
//! keep the others from theirs. A second signal ends the process at once.
//!
//! **Signals.** SIGINT and SIGTERM stop. SIGHUP loads the settings again that
//! [`Entrypoint::settings`] names, and tells services that they are to read theirs anew. SIGUSR1
//! writes all tasks to the log. SIGUSR2 starts the program anew: it inherits the listening sockets, and
//! when it is ready this process stops, without losing a connection; when it does not become ready, it
//! is killed and this one goes on. Sockets passed by systemd (`LISTEN_FDS`) are taken by the services
//! they are named after, and systemd is told of the start, of reloads and of the end.
//!
//! On Windows Ctrl-C, Ctrl-Break, a closed console and the system's shutdown stop the process; there is
//! none of the rest.

mod blockers;
mod builder;
mod drive;
mod hooks;
mod launch;
mod logger;
#[cfg_attr(not(unix), path = "no_manager.rs")]
pub(crate) mod manager;
pub(crate) mod reload;
mod run;
mod running;
mod stop;
#[cfg(unix)]
pub(crate) mod successor;

pub use builder::Entrypoint;
pub use launch::{Launch, launch};
pub use logger::{Environment, Installed, Logger};
pub use running::Running;
