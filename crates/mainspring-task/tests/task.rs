//! What a task promises: its outcome, its name, its place in the registry, its end.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainspring_task::inspect::State;
use mainspring_task::{Task, all_tasks, current_task, spawn, task};
use tokio::sync::oneshot;
use tokio::task::yield_now;

fn listed<T: Send + 'static>(task: &Task<T>) -> bool {
    all_tasks().iter().any(|known| known.id() == task.id())
}

#[tokio::test]
async fn the_value_reaches_the_awaiter() {
    assert_eq!(spawn(async { 42 }).await.unwrap(), 42);
}

#[tokio::test]
async fn a_panic_is_an_error_with_its_message() {
    let error = spawn(async { panic!("no such {}", "thing") }).await.unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.panic_message(), Some("no such thing"));
}

#[tokio::test]
async fn the_error_names_the_task_and_its_place() {
    let error = task::Builder::new().name("fetch").spawn(async { panic!("boom") }).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("task `fetch` (") && text.contains("tests/task.rs:"), "{text}");
    assert!(text.ends_with("panicked: boom"), "{text}");
}

#[tokio::test]
async fn a_cancelled_task_tells_the_reason() {
    let task = spawn(pending::<()>());
    yield_now().await;
    assert!(task.cancel_with("enough"));
    let error = task.await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().as_str(), "enough");
}

#[tokio::test]
async fn the_first_reason_counts() {
    let task = spawn(pending::<()>());
    task.cancel_with("first");
    task.cancel_with("second");
    assert_eq!(task.await.unwrap_err().reason().unwrap().as_str(), "first");
}

#[tokio::test]
async fn a_task_cancelled_before_its_first_poll_never_runs() {
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    let task = spawn(async move { flag.store(true, Ordering::Relaxed) });
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!ran.load(Ordering::Relaxed));
}

#[tokio::test]
async fn cancelling_a_finished_task_changes_nothing() {
    let mut task = spawn(async { 7 });
    assert_eq!((&mut task).await.unwrap(), 7);
    assert!(!task.cancel());
}

#[tokio::test]
async fn the_body_is_dropped_before_the_awaiter_resumes() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Flag(Arc::clone(&dropped));
    let task = spawn(async move {
        let _flag = flag;
        pending::<()>().await;
    });
    yield_now().await;
    task.cancel();
    let _ = task.await;
    assert!(dropped.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_dropped_handle_lets_the_task_run_on() {
    let (done, finished) = oneshot::channel();
    spawn(async move { done.send(()).unwrap() }).detach();
    finished.await.unwrap();
}

#[tokio::test]
async fn the_registry_lists_a_task_until_its_end() {
    let (go, wait) = oneshot::channel::<()>();
    let mut task = spawn(wait);
    assert!(listed(&task));
    go.send(()).unwrap();
    (&mut task).await.unwrap().unwrap();
    assert!(!listed(&task));
}

#[tokio::test]
async fn all_tasks_has_the_caller() {
    let found = spawn(async {
        let own = current_task().unwrap().id();
        all_tasks().iter().any(|task| task.id() == own)
    });
    assert!(found.await.unwrap());
}

#[tokio::test]
async fn there_is_no_current_task_outside_of_one() {
    assert!(current_task().is_none());
}

#[tokio::test]
async fn current_task_is_right_while_tasks_interleave() {
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            spawn(async {
                let own = current_task().unwrap().id();
                for _ in 0..3 {
                    yield_now().await;
                    assert_eq!(current_task().unwrap().id(), own);
                }
                own
            })
        })
        .collect();
    for task in tasks {
        let id = task.id();
        assert_eq!(task.await.unwrap(), id);
    }
}

#[tokio::test]
async fn a_task_knows_its_parent_and_service() {
    let outer = task::Builder::new().service("http").spawn(async {
        let own = current_task().unwrap().id();
        let info = spawn(async { current_task().unwrap().info() }).await.unwrap();
        (own, info)
    });
    let (outer, inner) = outer.await.unwrap();
    assert_eq!(inner.parent, Some(outer));
    assert_eq!(inner.service.as_deref(), Some("http"));
}

#[tokio::test]
async fn names_are_unique_until_given() {
    let (one, two) = (spawn(async {}), spawn(async {}));
    assert_ne!(one.name(), two.name());
    one.reference().rename("first");
    assert_eq!(&*one.name(), "first");
}

#[tokio::test]
async fn polls_and_state_are_counted() {
    let task = spawn(async {
        for _ in 0..4 {
            yield_now().await;
        }
        pending::<()>().await;
    });
    assert_eq!(task.reference().info().state, State::New);
    for _ in 0..10 {
        yield_now().await;
    }
    let info = task.reference().info();
    assert_eq!((info.state, info.polls), (State::Waiting, 5));
}

#[test]
fn a_runtime_that_goes_away_ends_its_tasks_as_cancelled() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let task = {
        let _entered = runtime.enter();
        spawn(pending::<()>())
    };
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(other.block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn a_task_goes_to_the_runtime_it_is_given() {
    let (here, there) = (
        tokio::runtime::Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("there").build().unwrap(),
    );
    let task = task::Builder::new()
        .on(there.handle())
        .spawn(async { std::thread::current().name().map(str::to_owned) });
    assert_eq!(here.block_on(task).unwrap().as_deref(), Some("there"));
}

#[tokio::test]
async fn a_shared_handle_that_has_waited_gives_the_outcome_again() {
    let mut task = spawn(yield_now()).shared();
    (&mut task).await.unwrap();
    task.clone().await.unwrap();
    task.await.unwrap();
}
