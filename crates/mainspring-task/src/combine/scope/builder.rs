use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use super::run::run;
use super::{Outcome, Scope, ScopeError};

/// What a failing child does to its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Body and siblings are cancelled, and no more children are taken. The default.
    #[default]
    CancelSiblings,
    /// They run on; the failures are told at the end.
    LetRun,
}

/// A scope to be: its limit, its policy, its grace; made by [`Scope::builder`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{Shared, combine::scope::{Policy, Scope}};
///
/// let done = Shared::new(0);
/// let counter = done.clone();
/// let failed = Scope::builder().limit(2).on_error(Policy::LetRun).run(async |s| {
///     for n in 0..5 {
///         let counter = counter.clone();
///         s.spawn(async move {
///             counter.update(|done| *done += 1);
///             if n % 2 == 0 { Ok(()) } else { Err("odd") }
///         });
///     }
/// });
/// assert_eq!(failed.await.unwrap_err().errors().len(), 2);
/// assert_eq!(done.get(), 5);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `run`"]
pub struct Builder {
    pub(super) limit: Option<usize>,
    pub(super) policy: Policy,
    pub(super) grace: Option<Duration>,
}

impl Builder {
    /// At most so many children run at once; the others wait for their turn, in the order in which
    /// they were spawned. Zero is taken as one. Default: no limit.
    ///
    /// Children that wait for one another may then wait for ever.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit.max(1));
        self
    }

    /// What a failing child does. Default: [`Policy::CancelSiblings`].
    pub fn on_error(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How long each child may take to clean up when it is cancelled. Default: that of the process.
    ///
    /// The task that the scope runs in has a grace too, and waits no longer than that.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Runs the scope; see [`scope`](super::scope()).
    ///
    /// # Errors
    ///
    /// [`ScopeError`] when a child or the body failed.
    ///
    /// # Panics
    ///
    /// With the panic of the body, after the children have ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping it cancels the children, which clean up by themselves.
    #[track_caller]
    pub fn run<B, F>(
        self,
        body: B,
    ) -> impl Future<Output = Result<<F::Output as Outcome>::Value, ScopeError>> + use<B, F>
    where
        B: FnOnce(Scope) -> F,
        F: Future<Output: Outcome>,
    {
        run(self, body, Location::caller())
    }
}
