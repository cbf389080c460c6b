//! Where tasks await: functions and lines of this file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mainspring_task::cancel::{catch_cancel, finally, uncancellable};
use mainspring_task::inspect::{self, AwaitPlace, Leaf, Standing};
use mainspring_task::time::timeout;
use mainspring_task::{Shared, spawn};
use tokio::sync::{Barrier, Mutex, Notify, mpsc, oneshot};
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(1000);

/// The functions of a leaf, without the name of this file, with their lines; no lines in macros.
fn own(leaf: &Leaf) -> Vec<(String, u32)> {
    leaf.frames
        .iter()
        .map(|frame| {
            let name = frame.function.strip_prefix("inspect_place::").unwrap();
            let here = frame.file.as_deref().unwrap().ends_with(file!());
            (name.to_owned(), if here { frame.line.unwrap() } else { 0 })
        })
        .collect()
}

/// Where a future awaits when it runs as a task.
async fn place_of(future: impl Future<Output = ()> + Send + 'static) -> AwaitPlace {
    let task = spawn(future);
    tokio::task::yield_now().await;
    task.reference().await_place().await
}

/// The one leaf of a future.
async fn leaf_of(future: impl Future<Output = ()> + Send + 'static) -> Leaf {
    let place = place_of(future).await;
    assert_eq!(place.standing(), Standing::Waiting);
    assert_eq!(place.leaves().len(), 1, "{place}");
    place.leaves()[0].clone()
}

fn call_of(leaf: &Leaf) -> &str {
    leaf.call.as_deref().unwrap_or("nothing")
}

async fn outer() {
    middle(3).await;
}
const OUTER: u32 = line!() - 2;

async fn middle(number: u32) {
    let _kept = number;
    inner().await;
}
const MIDDLE: u32 = line!() - 2;

async fn inner() {
    sleep(LONG).await;
}
const INNER: u32 = line!() - 2;

fn outer_middle_inner() -> Vec<(String, u32)> {
    [("outer", OUTER), ("middle", MIDDLE), ("inner", INNER)].map(|(name, line)| (name.into(), line)).into()
}

#[tokio::test(start_paused = true)]
async fn nested_functions_are_named_with_the_lines_they_await_at() {
    let leaf = leaf_of(outer()).await;
    assert_eq!(own(&leaf), outer_middle_inner());
    assert!(call_of(&leaf).contains("sleep::Sleep"), "{leaf}");
}

#[tokio::test(start_paused = true)]
async fn the_text_reads_from_the_task_to_the_leaf() {
    let text = place_of(outer()).await.to_string();
    let short = text.replace(&text[text.find('/').unwrap()..text.find("tests/").unwrap()], "");
    let start = format!(
        "inspect_place::outer (tests/inspect_place.rs:{OUTER}) > \
         inspect_place::middle (tests/inspect_place.rs:{MIDDLE}) > \
         inspect_place::inner (tests/inspect_place.rs:{INNER}) > "
    );
    assert!(short.starts_with(&start), "{short}");
    assert_eq!(text.lines().count(), 1);
}

async fn receive(mut receiver: mpsc::Receiver<()>) {
    receiver.recv().await;
}
const RECEIVE: u32 = line!() - 2;

#[tokio::test]
async fn a_receive_is_a_leaf() {
    let (_sender, receiver) = mpsc::channel(1);
    let leaf = leaf_of(receive(receiver)).await;
    assert_eq!(own(&leaf), [("receive".to_owned(), RECEIVE)]);
    assert!(call_of(&leaf).contains("Receiver") && call_of(&leaf).ends_with("recv"), "{leaf}");
}

async fn lock(mutex: Arc<Mutex<()>>) {
    let _guard = mutex.lock().await;
}
const LOCK: u32 = line!() - 2;

#[tokio::test]
async fn a_lock_is_a_leaf() {
    let mutex = Arc::new(Mutex::new(()));
    let _guard = mutex.lock().await;
    let leaf = leaf_of(lock(Arc::clone(&mutex))).await;
    assert_eq!(own(&leaf), [("lock".to_owned(), LOCK)]);
    assert!(call_of(&leaf).contains("Mutex") && call_of(&leaf).ends_with("lock"), "{leaf}");
}

async fn answer(receiver: oneshot::Receiver<()>) {
    let _ = receiver.await;
}
const ANSWER: u32 = line!() - 2;

#[tokio::test]
async fn a_oneshot_is_a_leaf() {
    let (_sender, receiver) = oneshot::channel();
    let leaf = leaf_of(answer(receiver)).await;
    assert_eq!(own(&leaf), [("answer".to_owned(), ANSWER)]);
    assert!(call_of(&leaf).contains("oneshot"), "{leaf}");
}

async fn choose(receiver: mpsc::Receiver<()>) {
    tokio::select! {
        () = receive(receiver) => {}
        () = inner() => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_select_has_a_leaf_for_each_branch() {
    let (_sender, receiver) = mpsc::channel(1);
    let place = place_of(choose(receiver)).await;
    let mut ends: Vec<_> = place.leaves().iter().map(|leaf| own(leaf).pop().unwrap()).collect();
    ends.sort();
    assert_eq!(ends, [("inner".to_owned(), INNER), ("receive".to_owned(), RECEIVE)]);
    assert!(place.leaves().iter().all(|leaf| own(leaf)[0].0 == "choose"), "{place}");
}

#[tokio::test(start_paused = true)]
async fn a_join_has_a_leaf_for_each_branch() {
    let (_sender, receiver) = oneshot::channel();
    let place = place_of(async move {
        tokio::join!(inner(), answer(receiver));
    })
    .await;
    let mut ends: Vec<_> = place.leaves().iter().map(|leaf| own(leaf).pop().unwrap().0).collect();
    ends.sort();
    assert_eq!(ends, ["answer", "inner"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_a_time_out_is_seen_beside_its_timer() {
    let place = place_of(async { drop(timeout(LONG, outer()).await) }).await;
    let text = place.to_string();
    assert_eq!(place.leaves().len(), 2, "{text}");
    assert!(place.leaves().iter().any(|leaf| own(leaf).ends_with(&outer_middle_inner())), "{text}");
    assert!(place.leaves().iter().any(|leaf| call_of(leaf).contains("Timeout")), "{text}");
}

fn recurse(depth: u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { if depth == 0 { inner().await } else { recurse(depth - 1).await } })
}
const RECURSE: u32 = line!() - 2;

#[tokio::test(start_paused = true)]
async fn a_boxed_recursion_is_shown_in_full() {
    let mut shown = vec![("recurse".to_owned(), RECURSE); 4];
    shown.push(("inner".to_owned(), INNER));
    assert_eq!(own(&leaf_of(recurse(3)).await), shown);
}

#[tokio::test(start_paused = true)]
async fn an_awaited_task_is_a_leaf_and_has_its_own() {
    let child = spawn(outer());
    let reference = child.reference();
    let leaf = leaf_of(async { drop(child.await) }).await;
    assert!(call_of(&leaf).contains("Task"), "{leaf}");
    assert_eq!(own(&reference.await_place().await.leaves()[0]), outer_middle_inner());
}

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "what a bare task's handle looks like")]
async fn a_bare_handle_is_a_leaf() {
    let child = tokio::spawn(outer());
    let leaf = leaf_of(async { drop(child.await) }).await;
    assert!(call_of(&leaf).contains("JoinHandle"), "{leaf}");
}

async fn all(children: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>) {
    let mut children = children;
    while children.next().await.is_some() {}
}

/// The ends of the leaves of a `FuturesUnordered` of one child.
async fn child_ends(child: impl Future<Output = ()> + Send + 'static) -> Vec<String> {
    let children = FuturesUnordered::new();
    children.push(Box::pin(child) as _);
    let place = place_of(all(children)).await;
    assert!(place.leaves().iter().all(|leaf| own(leaf)[0].0 == "all"), "{place}");
    place.leaves().iter().map(|leaf| own(leaf).pop().unwrap().0).collect()
}

#[tokio::test(start_paused = true)]
async fn guards_in_a_collection_are_seen_through() {
    let caught = child_ends(async { drop(catch_cancel(outer()).await) }).await;
    assert!(caught.contains(&"inner".to_owned()), "{caught:?}");
    let limited = child_ends(async { drop(timeout(LONG, outer()).await) }).await;
    assert!(limited.contains(&"inner".to_owned()), "{limited:?}");
    let held = child_ends(uncancellable(outer())).await;
    assert!(held.contains(&"inner".to_owned()), "{held:?}");
    let cleaned = child_ends(finally(outer(), async {})).await;
    assert!(cleaned.contains(&"inner".to_owned()), "{cleaned:?}");
}

#[tokio::test(start_paused = true)]
async fn an_awaited_task_in_a_collection_is_seen() {
    let child = spawn(outer());
    let children = FuturesUnordered::new();
    children.push(Box::pin(async move { drop(child.await) }) as _);
    let place = place_of(all(children)).await;
    assert!(place.leaves().iter().any(|leaf| call_of(leaf).contains("Task")), "{place}");
}

#[tokio::test(start_paused = true)]
async fn of_a_foreign_child_the_collection_is_the_leaf() {
    assert_eq!(child_ends(outer()).await, ["all"]);
}

#[tokio::test(start_paused = true)]
async fn many_alike_are_one_leaf_with_a_count() {
    let leaf = leaf_of(async { drop(futures_util::future::join_all((0..20).map(|_| inner())).await) }).await;
    assert_eq!(leaf.count, 20);
    assert!(leaf.to_string().ends_with("(20 times)"));
}

#[tokio::test]
async fn a_task_that_nothing_can_wake_is_said_to_be_stranded() {
    let place = place_of(pending()).await;
    assert_eq!(place.standing(), Standing::Stranded);
    assert_eq!(place.to_string(), "waits for nothing: it can never be woken");
}

#[tokio::test]
async fn a_task_that_has_ended_says_so() {
    let task = spawn(async {});
    let reference = task.reference();
    task.await.unwrap();
    assert_eq!(reference.await_place().await.standing(), Standing::Ended);
}

#[tokio::test]
async fn a_task_that_ends_in_the_extra_poll_says_so_and_keeps_its_value() {
    let task = spawn(async { 7 });
    assert_eq!(task.reference().await_place().await.standing(), Standing::Ended);
    assert_eq!(task.await.unwrap(), 7);
}

#[tokio::test]
async fn a_panic_in_the_extra_poll_is_the_tasks_own() {
    let task = spawn(async { panic!("on purpose") });
    assert_eq!(task.reference().await_place().await.standing(), Standing::Ended);
    assert_eq!(task.await.unwrap_err().panic_message(), Some("on purpose"));
}

#[tokio::test]
async fn the_asking_task_is_said_to_be_running() {
    let asks_itself =
        spawn(async { mainspring_task::current_task().unwrap().await_place().await.standing() });
    assert!(matches!(asks_itself.await.unwrap(), Standing::Running(_)));
}

#[tokio::test]
async fn two_tasks_may_ask_each_other() {
    let (first, second) = (Shared::new(None), Shared::new(None));
    let ask = |mine: Shared<_>, other: Shared<Option<mainspring_task::TaskRef>>| async move {
        mine.set(mainspring_task::current_task());
        let other = other.until(Option::is_some).await.unwrap();
        other.await_place().await.standing()
    };
    let one = spawn(ask(first.clone(), second.clone()));
    let two = spawn(ask(second, first));
    assert!(matches!(one.await.unwrap(), Standing::Waiting | Standing::Ended));
    assert!(matches!(two.await.unwrap(), Standing::Waiting | Standing::Ended));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_running_says_where() {
    let (started, begun) = oneshot::channel();
    let (end, ended) = std::sync::mpsc::sync_channel::<()>(0);
    let task = spawn(async move {
        started.send(()).unwrap();
        hold(&ended);
    });
    begun.await.unwrap();
    let place = task.reference().await_place_within(Duration::from_millis(20)).await;
    assert!(matches!(place.standing(), Standing::Running(_)), "{place}");
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    assert!(place.to_string().contains("inspect_place::hold"), "{place}");
    end.send(()).unwrap();
    task.await.unwrap();
}

#[inline(never)]
#[expect(clippy::disallowed_types, reason = "the test is about a thread that blocks")]
fn hold(until: &std::sync::mpsc::Receiver<()>) {
    until.recv().unwrap();
}

#[test]
fn a_task_whose_runtime_does_not_run_says_so() {
    let idle = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let asks = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let task = mainspring_task::task::Builder::new().on(idle.handle()).spawn(async {});
    let limit = Duration::from_millis(5);
    let place = asks.block_on(task.reference().await_place_within(limit));
    assert_eq!(place.standing(), Standing::Unpolled);
}

#[tokio::test(start_paused = true)]
async fn asking_does_not_change_what_a_task_does() {
    let (sender, mut receiver) = mpsc::channel(1);
    let notify = Arc::new(Notify::new());
    let waiting = Arc::clone(&notify);
    let task = spawn(async move {
        let mut seen = vec![receiver.recv().await.unwrap()];
        waiting.notified().await;
        sleep(Duration::from_secs(3)).await;
        seen.push(receiver.recv().await.unwrap());
        seen
    });
    let start = tokio::time::Instant::now();
    for _ in 0..3 {
        task.reference().await_place().await;
    }
    sender.send(1).await.unwrap();
    task.reference().await_place().await;
    notify.notify_one();
    for _ in 0..3 {
        task.reference().await_place().await;
    }
    sender.send(2).await.unwrap();
    assert_eq!(task.await.unwrap(), [1, 2]);
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_are_busy_end_while_they_are_asked() {
    let barrier = Arc::new(Barrier::new(5));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            spawn(async move {
                barrier.wait().await;
                for _ in 0..2000 {
                    tokio::task::yield_now().await;
                }
                1
            })
        })
        .collect();
    barrier.wait().await;
    while tasks.iter().any(|task| !task.is_finished()) {
        inspect::await_places().await;
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_ends_though_it_is_asked() {
    let cleaned = Shared::new(false);
    let flag = cleaned.clone();
    let task = spawn(finally(pending::<()>(), async move {
        sleep(Duration::from_secs(1)).await;
        flag.set(true);
    }));
    tokio::task::yield_now().await;
    task.cancel();
    let place = task.reference().await_place().await;
    assert!(place.leaves().iter().any(|leaf| call_of(leaf).contains("Sleep")), "{place}");
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(cleaned.get());
}
