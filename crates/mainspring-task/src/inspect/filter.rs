use super::{State, TaskInfo, TaskRef, all_tasks};
use crate::task::TaskId;

/// The tasks that are left after some filters; made by [`tasks`].
#[derive(Debug, Clone)]
#[must_use = "filters do nothing by themselves: `collect` gives the tasks"]
pub struct Tasks {
    tasks: Vec<TaskRef>,
}

/// All tasks that have not ended, the oldest first, to be filtered.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{inspect, task::Builder};
///
/// let conn = Builder::new().service("http").name("conn").spawn(std::future::pending::<()>());
/// let other = Builder::new().service("http").spawn(std::future::pending::<()>());
/// let found = inspect::tasks().service("http").name("conn").collect();
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].id(), conn.id());
/// # drop(other);
/// # }
/// ```
pub fn tasks() -> Tasks {
    Tasks { tasks: all_tasks() }
}

impl Tasks {
    /// Those that are counted to a service.
    pub fn service(self, service: &str) -> Self {
        self.keep(|task| task.service() == Some(service))
    }

    /// Those of a name. One that was given none is `task-` and its id.
    pub fn name(self, name: &str) -> Self {
        self.keep(|task| &*task.name() == name)
    }

    /// Those that are in a state.
    pub fn state(self, state: State) -> Self {
        self.matching(|info| info.state == state)
    }

    /// Those that were spawned by a task.
    pub fn spawned_by(self, parent: TaskId) -> Self {
        self.keep(|task| task.node().parent == Some(parent))
    }

    /// Those for which `accept` is true of what is known of them now.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_task::inspect;
    ///
    /// let held = inspect::tasks().matching(|info| !info.held_by.is_empty()).collect();
    /// assert!(held.is_empty());
    /// # }
    /// ```
    pub fn matching(self, accept: impl Fn(&TaskInfo) -> bool) -> Self {
        self.keep(|task| accept(&task.info()))
    }

    /// The tasks that are left, the oldest first.
    #[must_use]
    pub fn collect(self) -> Vec<TaskRef> {
        self.tasks
    }

    fn keep(mut self, accept: impl Fn(&TaskRef) -> bool) -> Self {
        self.tasks.retain(accept);
        self
    }
}

impl IntoIterator for Tasks {
    type Item = TaskRef;
    type IntoIter = std::vec::IntoIter<TaskRef>;

    fn into_iter(self) -> Self::IntoIter {
        self.tasks.into_iter()
    }
}
