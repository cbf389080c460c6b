use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::task::TaskId;

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Spawned and not polled yet.
    New,
    /// A thread is polling it now.
    Running,
    /// Between polls: it waits for something.
    Waiting,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::New => "new",
            State::Running => "running",
            State::Waiting => "waiting",
        })
    }
}

/// A guard that holds a cancellation up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// What kind of guard: `finally`, `uncancellable`…
    pub guard: &'static str,
    /// Where it was made.
    pub place: &'static Location<'static>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.guard, self.place)
    }
}

/// What is known of one task at one moment.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let task = mainspring_task::spawn(std::future::pending::<()>());
/// let info = task.reference().info();
/// assert_eq!(info.polls, 0);
/// assert!(info.place.file().ends_with(".rs"));
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its id.
    pub id: TaskId,
    /// Its name.
    pub name: Arc<str>,
    /// The service it is counted to.
    pub service: Option<Arc<str>>,
    /// The task that spawned it, which may have ended.
    pub parent: Option<TaskId>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// What it is doing.
    pub state: State,
    /// A cancellation has been asked for and not been consumed.
    pub cancelling: bool,
    /// The guards that hold the cancellation up, the innermost ones.
    pub held_by: Vec<Holder>,
    /// Time since it was spawned.
    pub age: Duration,
    /// How often it has been polled.
    pub polls: u64,
    /// Time spent in those polls.
    pub busy: Duration,
    /// The longest of those polls.
    pub longest_poll: Duration,
    /// The task's age when that poll ended; zero before the first.
    pub longest_poll_at: Duration,
    /// Time since the current poll began, or since the last one ended.
    pub in_state: Duration,
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} `{}` {} for {:.1?}, spawned at {}",
            self.id, self.name, self.state, self.in_state, self.place
        )
    }
}
