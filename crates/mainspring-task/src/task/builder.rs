use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::body::Body;
use super::{Core, Registered, Task};
use crate::inspect::{Node, current, enroll};

/// Runs a future as a task on the current runtime.
///
/// The task is named after its id and counted to the service of the task that spawns it; see
/// [`Builder`] to choose.
///
/// # Panics
///
/// When called outside of a tokio runtime.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let task = mainspring_task::spawn(async { "done" });
/// assert_eq!(task.await.unwrap(), "done");
/// # }
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Builder::new().spawn(future)
}

/// A task to be: its name, its service and the runtime it goes to.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{current_task, task};
///
/// let task = task::Builder::new().name("rate").service("tcp").spawn(async {
///     current_task().map(|task| task.name().to_string())
/// });
/// assert_eq!(task.await.unwrap().as_deref(), Some("rate"));
/// # }
/// ```
#[derive(Debug, Default, Clone)]
#[must_use = "a builder does nothing until `spawn`"]
pub struct Builder {
    name: Option<Arc<str>>,
    service: Option<Arc<str>>,
    handle: Option<Handle>,
    place: Option<&'static Location<'static>>,
    grace: Option<Duration>,
}

impl Builder {
    /// No name, the service of the current task, the current runtime.
    pub fn new() -> Self {
        Builder::default()
    }

    /// The name in logs and lists. Default: `task-` and the task's id.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The service the task is counted to. Default: that of the task that spawns it.
    pub fn service(mut self, service: impl Into<Arc<str>>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// The runtime that runs the task. Default: the current one.
    pub fn on(mut self, handle: &Handle) -> Self {
        self.handle = Some(handle.clone());
        self
    }

    /// The runtime that runs the task unless [`on`](Builder::on) has named one.
    pub fn or_on(mut self, handle: &Handle) -> Self {
        self.handle.get_or_insert_with(|| handle.clone());
        self
    }

    /// The place shown as the one that spawned the task. Default: the caller of
    /// [`spawn`](Builder::spawn). For code that spawns on behalf of its own caller.
    pub fn place(mut self, place: &'static Location<'static>) -> Self {
        self.place = Some(place);
        self
    }

    /// How long the task's guards may hold a cancellation up. Default: that of the process, see
    /// [`cancel::grace`](crate::cancel::grace).
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Runs the future as a task.
    ///
    /// # Panics
    ///
    /// When called outside of a tokio runtime and without [`on`](Builder::on).
    #[track_caller]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where tasks are made, after they are enrolled"
    )]
    pub fn spawn<F>(self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Taken first: without a runtime this panics, and nothing must have been enrolled then.
        let handle = self.handle.unwrap_or_else(Handle::current);
        let place = match self.place {
            Some(place) => place,
            None => Location::caller(),
        };
        let parent = current();
        let parent = parent.as_ref().map(|task| task.node());
        let service = self.service.or_else(|| parent.and_then(|node| node.service.clone()));
        let node = Node::new(self.name, service, parent.map(|node| node.id), place);
        let node = node.with_grace(self.grace).on_runtime(handle.id());
        let core = Arc::new(Core::new(node));
        enroll(Arc::clone(&core) as Arc<dyn Registered>);
        // The join handle is let go: the outcome travels through the core.
        drop(handle.spawn(Body::new(future, Arc::clone(&core))));
        Task::new(core)
    }
}
