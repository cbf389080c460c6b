use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Node, TaskInfo};
use crate::cancel::Reason;
use crate::task::{Registered, TaskId};

/// A handle of a task of any output type: it can name it, look at it and cancel it, not await it.
///
/// Holding one keeps the task's entry in memory, not the task alive.
#[derive(Clone)]
pub struct TaskRef {
    task: Arc<dyn Registered>,
}

impl TaskRef {
    pub(crate) fn new(task: Arc<dyn Registered>) -> Self {
        TaskRef { task }
    }

    pub(super) fn node(&self) -> &Node {
        self.task.node()
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task.node().id
    }

    /// The name it was given, else `task-` and its id.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.task.node().name()
    }

    /// Gives the task another name.
    pub fn rename(&self, name: impl Into<Arc<str>>) {
        self.task.node().rename(name.into());
    }

    /// The service it is counted to.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.task.node().service.as_deref()
    }

    /// What is known of the task now.
    #[must_use]
    pub fn info(&self) -> TaskInfo {
        self.task.node().info()
    }

    /// The runtime that polls the task; `None` for a job on a blocking pool.
    #[must_use]
    pub fn runtime(&self) -> Option<tokio::runtime::Id> {
        self.task.node().runtime
    }

    /// Waits until the task has ended, whatever became of it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. The task is not touched.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = mainspring_task::spawn(async {});
    /// task.reference().ended().await;
    /// assert!(task.is_finished());
    /// # }
    /// ```
    pub async fn ended(&self) {
        let (tell, told) = oneshot::channel();
        self.task.on_end(Box::new(move |_| tell.send(()).unwrap_or(())));
        // An error says that it is no task that could end.
        let _ = told.await;
    }

    /// Asks the task to stop; see [`Task::cancel`](crate::Task::cancel).
    pub fn cancel(&self) -> bool {
        self.task.node().if_alive(|cancel| cancel.ask(None))
    }

    /// Asks the task to stop, with a reason; see [`Task::cancel_with`](crate::Task::cancel_with).
    pub fn cancel_with(&self, reason: impl Into<Reason>) -> bool {
        self.task.node().if_alive(|cancel| cancel.ask(Some(reason.into())))
    }

    /// Asks the task to stop unless it has been asked already.
    pub(crate) fn cancel_once(&self, reason: Option<Reason>) {
        self.task.node().if_alive(|cancel| cancel.ask_once(reason));
    }

    /// Has the task dropped without its cleanup; see [`Task::abort`](crate::Task::abort).
    pub fn abort(&self) -> bool {
        self.task.node().if_alive(|cancel| cancel.ask_hard(None))
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskRef({})", self.task.node().label())
    }
}
