use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::await_place::places_of;
use super::{AwaitPlace, Standing, TaskInfo, TaskTree, all_tasks};
use crate::task::TaskId;

/// Deeper tasks are shown no further to the right.
const DEPTH: usize = 40;

/// All tasks at one moment, to be read by a person; made by [`dump`] and [`dump_with_places`].
///
/// Its `Display` has some lines for each task, those it spawned further to the right.
#[derive(Debug)]
pub struct Dump {
    tree: TaskTree,
    places: HashMap<TaskId, AwaitPlace>,
}

/// All tasks with what is known of them without asking them.
///
/// It stops no task and needs no runtime: it works from any thread, also when all runtimes hang.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{inspect, task::Builder};
///
/// let task = Builder::new().name("idler").spawn(std::future::pending::<()>());
/// let text = inspect::dump().to_string();
/// assert!(text.starts_with("1 task\n"));
/// assert!(text.contains("`idler` new for "));
/// # drop(task);
/// # }
/// ```
#[must_use]
pub fn dump() -> Dump {
    Dump { tree: super::tree(), places: HashMap::new() }
}

/// [`dump`], with the places where the tasks await; see [`await_places`](super::await_places).
///
/// # Cancel safety
///
/// Cancel safe.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{inspect, spawn};
///
/// let task = spawn(std::future::pending::<()>());
/// let text = inspect::dump_with_places().await.to_string();
/// assert!(text.contains("waits for nothing: it can never be woken"));
/// # drop(task);
/// # }
/// ```
pub async fn dump_with_places() -> Dump {
    let tasks = all_tasks();
    // Taken before they are asked: the asking is itself a poll.
    let tree = TaskTree::of(&tasks);
    let places = places_of(tasks, super::await_place::LIMIT).await;
    Dump { tree, places: places.into_iter().map(|place| (place.task().id(), place)).collect() }
}

impl Dump {
    /// The tasks behind the text.
    #[must_use]
    pub fn tree(&self) -> &TaskTree {
        &self.tree
    }

    /// Where a task awaits, if that was asked for.
    #[must_use]
    pub fn place(&self, task: TaskId) -> Option<&AwaitPlace> {
        self.places.get(&task)
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.tree.len();
        writeln!(f, "{count} task{}", if count == 1 { "" } else { "s" })?;
        for (depth, info) in self.tree.iter() {
            write_task(f, 2 * depth.min(DEPTH), info, self.place(info.id))?;
        }
        Ok(())
    }
}

fn write_task(
    f: &mut fmt::Formatter<'_>,
    indent: usize,
    info: &TaskInfo,
    place: Option<&AwaitPlace>,
) -> fmt::Result {
    write!(f, "{:indent$}{} `{}` {} for {}", "", info.id, info.name, info.state, Short(info.in_state))?;
    if let Some(service) = &info.service {
        write!(f, ", service {service}")?;
    }
    let inner = indent + 4;
    writeln!(f, "\n{:inner$}spawned {} ago at {}", "", Short(info.age), info.place)?;
    if info.polls > 0 {
        let (busy, longest, at) = (Short(info.busy), Short(info.longest_poll), Short(info.longest_poll_at));
        let times = if info.polls == 1 { "time" } else { "times" };
        writeln!(
            f,
            "{:inner$}polled {} {times}, busy {busy}, longest {longest} at age {at}",
            "", info.polls
        )?;
    }
    if info.cancelling {
        write!(f, "{:inner$}cancelling", "")?;
        for (index, holder) in info.held_by.iter().enumerate() {
            write!(f, "{}{holder}", if index == 0 { ", held by " } else { ", " })?;
        }
        writeln!(f)?;
    }
    let Some(place) = place else { return Ok(()) };
    for (index, line) in place.to_string().lines().enumerate() {
        let at = if index > 0 || place.standing() == Standing::Waiting { "awaits at " } else { "" };
        writeln!(f, "{:inner$}{at}{line}", "")?;
    }
    Ok(())
}

/// A time with few digits.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1?}", self.0)
    }
}
