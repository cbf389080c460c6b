//! A service: one thing a process does for as long as it runs.

mod boxed;
mod closure;
mod context;
mod outcome;
mod policy;
mod require;
mod services;
mod status;
mod stopping;
mod tasks;

use std::future::Future;

pub use boxed::{IntoService, IsClosure, IsService};
pub use closure::{Closure, service};
pub use context::Context;
pub use outcome::Outcome;
pub use policy::{Backoff, Configure, Configured, OnFailure, Policy, Restart};
pub use services::{ServiceInfo, Services};
pub use status::{Check, Status};
pub use stopping::Stopping;
pub use tasks::Drain;

pub(crate) use boxed::BoxService;
pub(crate) use context::Event;
pub(crate) use services::Listing;
pub(crate) use tasks::Work;

use crate::Result;

/// Something a process starts, runs and stops.
///
/// A service counts as started when `start` returns or calls [`Context::ready`], whichever is
/// first. Going on after `ready` is the normal way to run; returning early is right for a service
/// that only sets something up. Implement it with plain `async fn`s.
///
/// **Ending.** When the process stops, [`Context::stopping`] fires. A `start` that has asked for it
/// is given the shutdown grace to return; one that never asked is dropped at its await at once.
/// `stop` is called after that, also when `start` failed or panicked after it was ready.
///
/// An error or a panic out of `start` before it is ready fails the start of the process; after it,
/// its [`Policy`] says whether it is started again, and whether the process lives on without it. By
/// default the process shuts down with a non-zero exit code.
///
/// **Order.** Services start together. One that needs something of another waits for it by
/// [`Context::require`]; what it got that way is still there while it stops, because the one that
/// provided it is stopped after it.
///
/// ```
/// use mainspring_service::{Context, Entrypoint, Result, Service};
///
/// struct Cache { rows: u32 }
///
/// impl Service for Cache {
///     async fn start(&mut self, cx: &Context) -> Result {
///         self.rows = 3; // load
///         cx.ready();
///         cx.stopping().wait().await;
///         Ok(())
///     }
///
///     async fn stop(&mut self, _: &Context) -> Result {
///         assert_eq!(self.rows, 3); // save
///         Ok(())
///     }
/// }
///
/// Entrypoint::new("demo").service(Cache { rows: 0 }).run_until(async {}).unwrap();
/// ```
pub trait Service: Send + 'static {
    /// The name in logs, lists and errors. Default: the last part of the type's name.
    fn name(&self) -> String {
        let name = std::any::type_name::<Self>();
        let name = name.split('<').next().unwrap_or(name);
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }

    /// How it stands among the others, unless [`Configure`] says otherwise. Default: after nobody,
    /// never restarted, its failure ends the process.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    /// Starts, and usually goes on running.
    fn start(&mut self, cx: &Context) -> impl Future<Output = Result> + Send;

    /// Cleans up. Called once, after `start` has ended. Default: nothing.
    fn stop(&mut self, cx: &Context) -> impl Future<Output = Result> + Send {
        let _ = cx;
        async { Ok(()) }
    }
}
