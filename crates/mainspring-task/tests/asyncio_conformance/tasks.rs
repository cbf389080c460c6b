//! Tasks and cancellation.

use std::future::pending;

use mainspring_task::cancel::{cancelled, catch_cancel, finally, shield};
use mainspring_task::time::timeout;
use mainspring_task::{Shared, all_tasks, context_var, current_task, spawn};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{Errors, Log, cancel, secs, settle};

async fn boom() {
    panic!("boom")
}

#[tokio::test]
async fn row_01_the_outcome_reaches_every_awaiter_any_number_of_times() {
    let (value, panic) = (spawn(async { 7 }).shared(), spawn(boom()).shared());
    for _ in 0..2 {
        let mut waiter = value.clone();
        assert_eq!((&mut waiter).await.unwrap(), 7);
        assert_eq!(waiter.await.unwrap(), 7);
        assert_eq!(panic.clone().await.unwrap_err().panic_message(), Some("boom"));
    }
}

#[tokio::test]
async fn row_02_a_task_cancelled_before_its_first_step_never_runs() {
    let log = Log::new();
    let pen = log.clone();
    let task = spawn(async move { pen.write("ran") });
    assert!(task.cancel());
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(log.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn row_03_a_sleeping_task_is_woken_at_once_by_a_cancel() {
    let began = Instant::now();
    assert!(cancel(spawn(sleep(secs(1000)))).await.unwrap_err().is_cancelled());
    assert_eq!(began.elapsed(), secs(0));
}

#[tokio::test]
async fn row_04_cancelling_a_finished_task_is_refused() {
    let task = spawn(async { 7 });
    settle().await;
    assert!(!task.cancel());
    assert_eq!(task.await.unwrap(), 7);
}

#[tokio::test]
async fn row_05_a_task_that_catches_the_cancellation_yields_its_value() {
    let task = spawn(async {
        cancelled().await;
        7
    });
    assert_eq!(cancel(task).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn row_06_a_task_that_catches_the_cancellation_can_go_on_awaiting() {
    let task = spawn(async {
        let _ = catch_cancel(pending::<()>()).await;
        sleep(secs(1)).await;
        sleep(secs(1)).await;
        "the end"
    });
    assert_eq!(cancel(task).await.unwrap(), "the end");
}

#[tokio::test(start_paused = true)]
async fn row_07_cleanup_awaits_and_ends_before_the_awaiter_resumes() {
    let log = Log::new();
    cancel(spawn(log.guarded("cleaned"))).await.unwrap_err();
    assert_eq!(log.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn row_08_a_second_cancel_interrupts_the_cleanup() {
    let log = Log::new();
    let task = spawn(log.guarded("cleaned"));
    settle().await;
    task.cancel();
    settle().await;
    assert!(cancel(task).await.unwrap_err().is_cancelled());
    sleep(secs(1)).await;
    assert!(log.read().is_empty());
}

#[tokio::test]
async fn row_09_a_request_between_the_last_await_and_the_return_counts() {
    let task = spawn(async {
        yield_now().await;
        current_task().unwrap().cancel();
        7
    });
    assert!(task.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn row_10_the_reason_reaches_the_awaiter() {
    let task = spawn(pending::<()>());
    settle().await;
    task.cancel_with("enough");
    assert_eq!(task.await.unwrap_err().reason().unwrap().as_str(), "enough");
}

#[tokio::test(start_paused = true)]
async fn row_11_an_awaited_task_is_cancelled_too_and_a_shielded_one_is_not() {
    let log = Log::new();
    let (inner, shielded) = (spawn(log.guarded("awaited")), spawn(log.later("shielded")));
    let (outer, shielding) = (spawn(inner), spawn(shield(shielded)));
    settle().await;
    shielding.cancel();
    assert!(cancel(outer).await.unwrap_err().is_cancelled());
    shielding.await.unwrap_err();
    settle().await;
    assert_eq!(log.sorted(), ["awaited", "shielded"]);
}

/// Another answer: a shared task belongs to none of its awaiters, and goes on.
#[tokio::test(start_paused = true)]
async fn row_12_cancelling_one_of_two_awaiters_leaves_a_shared_task_alone() {
    let task = spawn(async {
        sleep(secs(1)).await;
        7
    })
    .shared();
    let (one, two) = (spawn(task.clone()), spawn(task.clone()));
    assert!(cancel(one).await.unwrap_err().is_cancelled());
    assert_eq!(two.await.unwrap().unwrap(), 7);
}

/// Another answer: there is no counter to keep level. Each request is made at one scope and is over when
/// that has dealt with it.
#[tokio::test(start_paused = true)]
async fn row_13_a_block_that_consumed_its_own_request_leaves_none_behind() {
    let task = spawn(async {
        let cancelling = || current_task().unwrap().info().cancelling;
        assert!(timeout(secs(1), pending::<()>()).await.is_err());
        let after_timeout = cancelling();
        catch_cancel(pending::<()>()).await.unwrap_err();
        let after_catch = cancelling();
        assert!(timeout(secs(1), pending::<()>()).await.is_err());
        (after_timeout, after_catch, cancelling())
    });
    sleep(secs(2)).await;
    assert_eq!(cancel(task).await.unwrap(), (false, false, false));
}

#[tokio::test]
async fn row_14_a_panic_in_a_callback_leaves_the_others_alone() {
    let log = Log::new();
    let pen = log.clone();
    let task = spawn(async {});
    task.on_end(|_| panic!("in a callback"));
    task.on_end(move |_| pen.write("called"));
    task.await.unwrap();
    assert_eq!(log.read(), ["called"]);
}

#[tokio::test]
async fn row_15_callbacks_run_in_order_and_never_inline() {
    let log = Log::new();
    let task = spawn(async {});
    for line in ["first", "second"] {
        let pen = log.clone();
        task.on_end(move |_| pen.write(line));
    }
    assert!(log.read().is_empty());
    settle().await;
    assert_eq!(log.read(), ["first", "second"]);
    let pen = log.clone();
    task.on_end(move |_| pen.write("late"));
    assert_eq!(log.read(), ["first", "second"]);
    settle().await;
    assert_eq!(log.read(), ["first", "second", "late"]);
}

#[tokio::test]
async fn row_16_a_panic_nobody_awaits_is_reported_once_and_an_awaited_one_never() {
    let errors = Errors::watch();
    let _ = spawn(boom()).await;
    assert_eq!(errors.count(), 0);
    let task = spawn(boom());
    settle().await;
    drop(task);
    spawn(boom()).detach();
    settle().await;
    assert_eq!(errors.count(), 2);
}

/// Another answer: it cannot happen. A task whose handle is dropped runs on.
#[tokio::test(start_paused = true)]
async fn row_17_a_pending_task_cannot_be_dropped() {
    let log = Log::new();
    drop(spawn(log.later("ran on")));
    sleep(secs(1)).await;
    assert_eq!(log.read(), ["ran on"]);
}

#[tokio::test]
async fn row_18_the_current_task_is_right_while_tasks_interleave() {
    assert!(current_task().is_none());
    let tasks: Vec<_> = std::iter::repeat_with(|| {
        spawn(async {
            let own = current_task().unwrap().id();
            for _ in 0..3 {
                yield_now().await;
                assert_eq!(current_task().unwrap().id(), own);
            }
            own
        })
    })
    .take(3)
    .collect();
    let in_callback = Shared::new(false);
    let found = in_callback.clone();
    tasks[0].on_end(move |_| found.set(current_task().is_some()));
    for task in tasks {
        assert_eq!(task.id(), task.await.unwrap());
    }
    assert!(!in_callback.get());
}

#[tokio::test]
async fn row_19_all_tasks_has_the_caller_and_no_finished_task() {
    let finished = spawn(async {});
    let id = finished.id();
    finished.await.unwrap();
    let caller = spawn(async { (current_task().unwrap().id(), all_tasks()) });
    let (own, all) = caller.await.unwrap();
    assert!(all.iter().any(|task| task.id() == own));
    assert!(all.iter().all(|task| task.id() != id));
}

context_var! {
    static USER: u32;
}

#[tokio::test]
async fn row_20_context_is_copied_at_spawn_and_independent_after_that() {
    spawn(async {
        USER.set(1);
        let child = spawn(async {
            let inherited = USER.get();
            USER.set(2);
            yield_now().await;
            (inherited, USER.get())
        });
        USER.set(3);
        assert_eq!(child.await.unwrap(), (Some(1), Some(2)));
        assert_eq!(USER.get(), Some(3));
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn row_21_a_callback_sees_the_context_of_the_time_it_was_added() {
    let seen = Shared::new(None);
    let cell = seen.clone();
    spawn(async move {
        USER.set(1);
        let task = spawn(async {});
        task.on_end(move |_| cell.set(USER.get()));
        USER.set(2);
        task.await.unwrap();
    })
    .await
    .unwrap();
    assert_eq!(seen.get(), Some(1));
}

#[tokio::test]
async fn row_22_names_are_unique_can_be_set_and_are_shown() {
    let (one, two) = (spawn(async {}), spawn(async {}));
    assert_ne!(one.name(), two.name());
    one.reference().rename("fetch");
    assert!(format!("{one:?}").contains("fetch"));
}

/// Another answer: a task starts at the next turn, always. What is to run at once is awaited in place.
#[tokio::test]
async fn row_23_a_task_never_starts_inside_spawn() {
    let log = Log::new();
    let pen = log.clone();
    let task = spawn(finally(async {}, async move { pen.write("ran") }));
    assert!(log.read().is_empty() && !task.is_finished());
    task.await.unwrap();
    assert_eq!(log.read(), ["ran"]);
}
