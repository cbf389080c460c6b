use std::time::Duration;

use super::{IntoService, Service};
use crate::{Context, Result};

/// When a service that has ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Restart {
    /// Never. The default.
    #[default]
    Never,
    /// When it has failed or panicked after it was ready.
    OnFailure,
    /// Also when its `start` has returned.
    Always,
}

/// What becomes of the process when a service has failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// It stops, with a non-zero exit code. The default.
    #[default]
    Shutdown,
    /// It lives on without the service, and is not ready any more.
    Degrade,
}

/// The pauses between restarts, and how many there may be.
///
/// The pause is drawn between zero and a ceiling that doubles with each failure: full jitter, so that
/// many processes do not come back in step.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::service::Backoff;
///
/// let backoff = Backoff::default();
/// assert_eq!(backoff.first, Duration::from_millis(100));
/// assert_eq!((backoff.limit, backoff.healthy), (5, Duration::from_secs(60)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The ceiling of the first pause. Default: 100 ms.
    pub first: Duration,
    /// The ceiling of all ceilings. Default: 30 s.
    pub longest: Duration,
    /// Failures in a row after which the service is given up. Default: 5.
    pub limit: u32,
    /// A service that has run for this long is healthy: its failures are forgotten. Default: 60 s.
    pub healthy: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(30),
            limit: 5,
            healthy: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// The pause before the restart that follows the given number of failures in a row; `None` when
    /// there have been too many.
    pub(crate) fn pause(&self, failures: u32) -> Option<Duration> {
        if failures > self.limit {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(20));
        Some(doubled.min(self.longest).mul_f64(fastrand::f64()))
    }
}

/// How one service stands among the others; made by the methods of [`Configure`].
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub(crate) after: Vec<String>,
    pub(crate) restart: Restart,
    pub(crate) backoff: Backoff,
    pub(crate) on_failure: OnFailure,
    /// The process is ready without it.
    pub(crate) optional: bool,
    /// The thread it runs on, with the others of its group.
    pub(crate) group: Option<String>,
}

/// A service with the policy it runs under; made by the methods of [`Configure`].
#[derive(Debug)]
pub struct Configured<S> {
    service: S,
    policy: Policy,
}

impl<S: Service> Service for Configured<S> {
    fn name(&self) -> String {
        self.service.name()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        self.service.start(cx).await
    }

    async fn stop(&mut self, cx: &Context) -> Result {
        self.service.stop(cx).await
    }

    fn policy(&self) -> Policy {
        self.policy.clone()
    }
}

/// Gives any service a place in the order and a policy for its failures.
///
/// ```
/// use mainspring_service::service::{Configure, OnFailure, Restart};
/// use mainspring_service::{Context, Entrypoint, service};
///
/// let database = service("database", |cx: Context| async move { cx.provide("connection") });
/// let mailer = service("mailer", |_: Context| async {})
///     .after("database")
///     .restart(Restart::OnFailure)
///     .on_failure(OnFailure::Degrade);
/// Entrypoint::new("demo").service(mailer).service(database).run_until(async {}).unwrap();
/// ```
pub trait Configure<Kind>: IntoService<Kind> + Sized {
    /// Starts it when the named service is ready, and stops it before that one.
    fn after(self, service: impl Into<String>) -> Configured<Self::Service> {
        let name = service.into();
        configured(self, |policy| policy.after.push(name))
    }

    /// When it is started again. Default: [`Restart::Never`].
    fn restart(self, restart: Restart) -> Configured<Self::Service> {
        configured(self, |policy| policy.restart = restart)
    }

    /// The pauses between restarts. Default: [`Backoff::default`].
    fn backoff(self, backoff: Backoff) -> Configured<Self::Service> {
        configured(self, |policy| policy.backoff = backoff)
    }

    /// What becomes of the process when it has failed for good. Default: [`OnFailure::Shutdown`].
    fn on_failure(self, on_failure: OnFailure) -> Configured<Self::Service> {
        configured(self, |policy| policy.on_failure = on_failure)
    }

    /// Runs it, and what it spawns, on a thread with a runtime of its own, together with the others of
    /// the same group; so that it goes on when the rest is stuck. Default: the process's runtime.
    fn group(self, group: impl Into<String>) -> Configured<Self::Service> {
        let name = group.into();
        configured(self, |policy| policy.group = Some(name))
    }

    /// The process counts as ready without it.
    fn optional(self) -> Configured<Self::Service> {
        configured(self, |policy| policy.optional = true)
    }
}

impl<Kind, S: IntoService<Kind>> Configure<Kind> for S {}

fn configured<Kind, S: IntoService<Kind>>(
    service: S,
    change: impl FnOnce(&mut Policy),
) -> Configured<S::Service> {
    let service = service.into_service();
    let mut policy = service.policy();
    change(&mut policy);
    Configured { service, policy }
}
