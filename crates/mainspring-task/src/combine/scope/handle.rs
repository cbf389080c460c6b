use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::core::Core;
use super::{Builder, Child, Failure, Outcome, Ready};
use crate::cancel::Reason;
use crate::inspect::{TaskRef, current};
use crate::task::{self, Task};

/// A handle of a running scope, to spawn children on it; see [the module](super).
///
/// A clone is another handle of the same scope. Holding one does not keep the scope open.
#[derive(Clone)]
pub struct Scope {
    core: Arc<Core>,
}

impl Scope {
    /// A scope with options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn new(core: Arc<Core>) -> Self {
        Scope { core }
    }

    /// Runs a future as a child: a task that the scope waits for and cancels.
    ///
    /// The handle can be dropped: the scope knows of the child's end without it. When the scope takes
    /// no more children the future is dropped, the log tells, and the handle gives a failure that
    /// [is refused](Failure::is_refused).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let sum = mainspring_task::scope(async |s| {
    ///     let one = s.spawn(async { Ok::<_, String>(1) });
    ///     let two = s.spawn(async { Ok::<_, String>(2) });
    ///     Ok::<_, mainspring_task::combine::scope::Failure>(one.await? + two.await?)
    /// });
    /// assert_eq!(sum.await.unwrap(), 3);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Child<<F::Output as Outcome>::Value>
    where
        F: Future<Output: Outcome> + Send + 'static,
    {
        self.spawn_at(Location::caller(), future)
    }

    /// Runs a future as a child, and waits until that says it is ready.
    ///
    /// What it hands to [`Ready::ready`] is given back; it then runs on as any child does.
    ///
    /// # Errors
    ///
    /// The failure of the child when it ends before it is ready; one that
    /// [is refused](Failure::is_refused) when the scope takes no more children.
    ///
    /// # Cancel safety
    ///
    /// Dropping it before the child is ready cancels the child.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::combine::scope::{Failure, Ready, scope};
    ///
    /// let port = scope(async |s| {
    ///     let port = s.start(|ready: Ready<u16>| async move { ready.ready(8080) }).await?;
    ///     Ok::<_, Failure>(port)
    /// });
    /// assert_eq!(port.await.unwrap(), 8080);
    /// # }
    /// ```
    #[track_caller]
    pub fn start<T, B, F>(&self, body: B) -> impl Future<Output = Result<T, Failure>> + use<T, B, F>
    where
        T: Send + 'static,
        B: FnOnce(Ready<T>) -> F,
        F: Future<Output: Outcome> + Send + 'static,
    {
        let (scope, place) = (self.clone(), Location::caller());
        async move {
            let (tell, told) = oneshot::channel();
            let child = scope.spawn_at(place, body(Ready::new(tell)));
            let mut starting = Starting(child.reference().cloned());
            let started = match told.await {
                Ok(value) => Ok(value),
                Err(_) => Err(child.await.err().unwrap_or_else(|| Failure::not_ready(place))),
            };
            starting.0 = None;
            started
        }
    }

    /// How many children have been spawned and have not ended.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.core.alive()
    }

    fn spawn_at<F>(
        &self,
        place: &'static Location<'static>,
        future: F,
    ) -> Child<<F::Output as Outcome>::Value>
    where
        F: Future<Output: Outcome> + Send + 'static,
    {
        if !self.core.admit() {
            tracing::warn!(%place, scope = %self.core.place, "a scope took no more tasks");
            return Child::refused(Failure::refused(place));
        }
        let mut task = task::Builder::new().place(place);
        if let Some(grace) = self.core.options.grace {
            task = task.grace(grace);
        }
        let task = task.spawn(work(Arc::clone(&self.core), future));
        // The scope keeps its failure, and tells it.
        task.quiet();
        self.watch(&task);
        Child::new(task)
    }

    fn watch<T: Send + 'static>(&self, task: &Task<T>) {
        self.core.enroll(task.reference());
        let (core, id) = (Arc::clone(&self.core), task.id());
        task.on_end(move |ended| core.ended(id, ended));
    }
}

async fn work<F>(core: Arc<Core>, future: F) -> Result<<F::Output as Outcome>::Value, Failure>
where
    F: Future<Output: Outcome>,
{
    let _turn = match &core.turns {
        Some(turns) => Some(turns.acquire().await.expect("nobody closes it")),
        None => None,
    };
    future.await.outcome().map_err(|error| {
        let task = current().expect("a child runs in its task");
        core.child_failed(task.node().label(), error)
    })
}

/// A child that is not ready yet: nobody will hear when it is.
struct Starting(Option<TaskRef>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            child.cancel_once(Some(Reason::from("nobody waits for its start any more")));
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("place", &format_args!("{}", self.core.place))
            .field("alive", &self.alive())
            .finish()
    }
}
