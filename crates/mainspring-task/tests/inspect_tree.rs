//! The list of tasks: filters, the tree by parent, the dump.
//!
//! Each test looks at tasks of a service of its own: the registry is the process's.

use std::future::pending;
use std::time::Duration;

use mainspring_task::cancel::finally;
use mainspring_task::inspect::{self, State, TaskInfo, TaskTree};
use mainspring_task::task::Builder;
use mainspring_task::{Shared, Task, TaskId, spawn};
use tokio::time::sleep;

fn named(service: &str, name: &str) -> Task<()> {
    Builder::new().service(service).name(name).spawn(pending())
}

fn names(tasks: Vec<mainspring_task::TaskRef>) -> Vec<String> {
    tasks.iter().map(|task| task.name().to_string()).collect()
}

#[tokio::test]
async fn tasks_are_filtered_by_service_and_name() {
    let _tasks = [named("f1", "conn"), named("f1", "accept"), named("f2", "conn")];
    assert_eq!(names(inspect::tasks().service("f1").collect()), ["conn", "accept"]);
    assert_eq!(inspect::tasks().service("f1").name("conn").collect().len(), 1);
    assert_eq!(inspect::tasks().service("f3").collect().len(), 0);
}

#[tokio::test]
async fn tasks_are_filtered_by_state() {
    let _first = named("f4", "first");
    assert_eq!(names(inspect::tasks().service("f4").state(State::New).collect()), ["first"]);
    tokio::task::yield_now().await;
    assert_eq!(names(inspect::tasks().service("f4").state(State::Waiting).collect()), ["first"]);
    assert!(inspect::tasks().service("f4").state(State::New).collect().is_empty());
}

#[tokio::test]
async fn tasks_are_filtered_by_parent_and_by_what_is_known() {
    let ids = Shared::new(None);
    let told = ids.clone();
    let parent = Builder::new().service("f5").name("parent").spawn(async move {
        let child = named("f5", "child");
        told.set(Some(child.id()));
        child.await
    });
    let child: TaskId = ids.until(Option::is_some).await.unwrap();
    let found: Vec<_> = inspect::tasks().spawned_by(parent.id()).into_iter().collect();
    assert_eq!(found.iter().map(mainspring_task::TaskRef::id).collect::<Vec<_>>(), [child]);
    let known = inspect::tasks().matching(|info| info.parent == Some(parent.id())).collect();
    assert_eq!(names(known), ["child"]);
}

/// A task that spawns its like, so many deep, and then waits.
fn chain(service: &'static str, depth: usize) -> Task<()> {
    let name = format!("level-{depth}");
    Builder::new().service(service).name(name).spawn(async move {
        let _below = (depth > 0).then(|| chain(service, depth - 1));
        pending::<()>().await;
    })
}

/// The tasks of one service, with their depths.
fn shape(tree: &TaskTree, service: &str) -> Vec<(usize, String)> {
    let ours = |(_, info): &(usize, &TaskInfo)| info.service.as_deref() == Some(service);
    tree.iter().filter(ours).map(|(depth, info)| (depth, info.name.to_string())).collect()
}

#[tokio::test]
async fn children_stand_below_the_task_that_spawned_them() {
    let top = chain("t1", 2);
    while inspect::tasks().service("t1").collect().len() < 3 {
        tokio::task::yield_now().await;
    }
    let tree = inspect::tree();
    let expected = [(0, "level-2"), (1, "level-1"), (2, "level-0")].map(|(depth, name)| (depth, name.into()));
    assert_eq!(shape(&tree, "t1"), expected);
    assert!(tree.roots().any(|info| info.id == top.id()));
    assert_eq!(tree.children(top.id()).count(), 1);
    assert!(tree.len() >= 3 && !tree.is_empty());
}

#[tokio::test]
async fn brothers_stand_in_the_order_of_their_spawn() {
    let _parent = Builder::new().service("t2").name("parent").spawn(async {
        let _children = [named("t2", "a"), named("t2", "b"), named("t2", "c")];
        pending::<()>().await;
    });
    tokio::task::yield_now().await;
    let expected = [(0, "parent"), (1, "a"), (1, "b"), (1, "c")].map(|(depth, name)| (depth, name.into()));
    assert_eq!(shape(&inspect::tree(), "t2"), expected);
}

#[tokio::test]
async fn a_task_whose_parent_has_ended_stands_at_the_top() {
    let kept = Shared::new(None);
    let keep = kept.clone();
    let parent = Builder::new()
        .service("t3")
        .spawn(async move { keep.update(|kept| *kept = Some(named("t3", "orphan"))) });
    parent.await.unwrap();
    assert_eq!(shape(&inspect::tree(), "t3"), [(0, "orphan".to_owned())]);
}

#[tokio::test]
async fn a_very_deep_tree_is_built_and_shown() {
    const DEPTH: usize = 3_000;
    let top = chain("t4", DEPTH);
    while inspect::tasks().service("t4").collect().len() <= DEPTH {
        tokio::task::yield_now().await;
    }
    let tree = inspect::tree();
    assert_eq!(shape(&tree, "t4").last(), Some(&(DEPTH, "level-0".to_owned())));
    assert!(tree.to_string().lines().count() > DEPTH);
    drop(top);
}

/// The lines of one task in a dump, without the figures that vary.
fn lines_of(dump: &str, name: &str) -> Vec<String> {
    let mut lines = dump.lines().skip_while(|line| !line.contains(&format!("`{name}`")));
    let first = lines.next().expect("the task is in the dump");
    let indent = first.len() - first.trim_start().len() + 4;
    let more = lines.take_while(|line| line.len() > indent && line[..indent].trim().is_empty());
    std::iter::once(first).chain(more).map(|line| line.trim().to_owned()).collect()
}

#[tokio::test]
async fn a_dump_has_the_figures_of_each_task() {
    let task = named("d1", "idler");
    tokio::task::yield_now().await;
    let dump = inspect::dump();
    let text = dump.to_string();
    let lines = lines_of(&text, "idler");
    assert!(lines[0].starts_with(&format!("{} `idler` waiting for ", task.id())), "{text}");
    assert!(lines[0].ends_with(", service d1"), "{text}");
    assert!(
        lines[1].starts_with("spawned ") && lines[1].contains(&format!(" ago at {}:", file!())),
        "{text}"
    );
    assert!(lines[2].starts_with("polled 1 time, busy ") && lines[2].contains(" longest "), "{text}");
    assert_eq!(lines.len(), 3);
    assert!(text.lines().next().unwrap().ends_with(" tasks") || text.starts_with("1 task\n"), "{text}");
    assert!(dump.place(task.id()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dump_names_the_guards_that_hold_a_cancellation() {
    let task = Builder::new().service("d2").name("held").spawn(finally(pending::<()>(), async {
        sleep(Duration::from_secs(1)).await;
    }));
    tokio::task::yield_now().await;
    task.cancel();
    tokio::task::yield_now().await;
    let text = inspect::dump().to_string();
    let held = format!("cancelling, held by finally at {}:", file!());
    assert!(lines_of(&text, "held").iter().any(|line| line.starts_with(&held)), "{text}");
    task.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_dump_with_places_says_where_each_task_awaits() {
    async fn rest() {
        sleep(Duration::from_secs(1)).await;
    }
    let sleeper = Builder::new().service("d3").name("sleeper").spawn(rest());
    let _stranded = named("d3", "stranded");
    tokio::task::yield_now().await;
    let dump = inspect::dump_with_places().await;
    let text = dump.to_string();
    let place = lines_of(&text, "sleeper").pop().unwrap();
    assert!(place.starts_with("awaits at inspect_tree::") && place.contains("rest ("), "{text}");
    assert_eq!(lines_of(&text, "stranded").pop().unwrap(), "waits for nothing: it can never be woken");
    assert!(dump.place(sleeper.id()).is_some());
    assert_eq!(lines_of(&text, "sleeper")[2].split(',').next(), Some("polled 1 time"));
    sleeper.await.unwrap();
}

#[tokio::test]
async fn the_longest_poll_has_its_age() {
    let task = spawn(async {
        tokio::task::yield_now().await;
        pending::<()>().await;
    });
    assert_eq!(task.reference().info().longest_poll_at, Duration::ZERO);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    let info = task.reference().info();
    assert!(info.longest_poll > Duration::ZERO && info.longest_poll <= info.busy);
    assert!(info.longest_poll_at >= info.longest_poll && info.longest_poll_at <= info.age, "{info:?}");
}
