use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{TaskInfo, TaskRef, all_tasks};
use crate::task::TaskId;

/// The tasks that have not ended, below those that spawned them; made by [`tree`].
///
/// Held as a list in the order of a walk from the top, each task with its depth: a tree of any depth is
/// built, shown and dropped without recursion.
#[derive(Debug, Clone, Default)]
pub struct TaskTree {
    nodes: Vec<(usize, TaskInfo)>,
}

/// All tasks that have not ended, each below the one that spawned it.
///
/// A task whose parent has ended stands at the top, as one that was spawned outside of any task does.
/// Brothers stand in the order of their spawn.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::{inspect, spawn};
///
/// let parent = spawn(async {
///     let child = spawn(std::future::pending::<()>());
///     let tree = inspect::tree();
///     assert_eq!(tree.children(mainspring_task::current_task().unwrap().id()).count(), 1);
///     drop(child);
/// });
/// assert_eq!(inspect::tree().roots().count(), 1);
/// parent.await.unwrap();
/// # }
/// ```
#[must_use]
pub fn tree() -> TaskTree {
    TaskTree::of(&all_tasks())
}

impl TaskTree {
    pub(super) fn of(tasks: &[TaskRef]) -> Self {
        Self::build(tasks.iter().map(TaskRef::info).collect())
    }

    /// `infos` come in the order of their spawn.
    fn build(infos: Vec<TaskInfo>) -> Self {
        let known: HashSet<TaskId> = infos.iter().map(|info| info.id).collect();
        let mut below: HashMap<Option<TaskId>, Vec<TaskInfo>> = HashMap::new();
        // Backwards: the ones still to be shown are taken from the end.
        for info in infos.into_iter().rev() {
            below.entry(info.parent.filter(|parent| known.contains(parent))).or_default().push(info);
        }
        let mut to_show: Vec<(usize, TaskInfo)> =
            below.remove(&None).into_iter().flatten().map(|info| (0, info)).collect();
        let mut nodes = Vec::with_capacity(known.len());
        while let Some((depth, info)) = to_show.pop() {
            let children = below.remove(&Some(info.id)).into_iter().flatten();
            to_show.extend(children.map(|child| (depth + 1, child)));
            nodes.push((depth, info));
        }
        TaskTree { nodes }
    }

    /// All tasks with their depth, each one before those it spawned.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (usize, &TaskInfo)> {
        self.nodes.iter().map(|(depth, info)| (*depth, info))
    }

    /// The tasks at the top.
    pub fn roots(&self) -> impl Iterator<Item = &TaskInfo> {
        self.nodes.iter().filter(|(depth, _)| *depth == 0).map(|(_, info)| info)
    }

    /// The tasks that a task has spawned and that have not ended.
    pub fn children(&self, parent: TaskId) -> impl Iterator<Item = &TaskInfo> {
        self.nodes.iter().map(|(_, info)| info).filter(move |info| info.parent == Some(parent))
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// There is no task.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl fmt::Display for TaskTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, info) in self.iter() {
            writeln!(f, "{:indent$}{info}", "", indent = 2 * depth.min(40))?;
        }
        Ok(())
    }
}
