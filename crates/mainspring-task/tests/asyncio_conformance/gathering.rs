//! `gather`, `wait` and `as_completed`.

use std::future::pending;
use std::sync::Arc;

use mainspring_task::cancel::shield;
use mainspring_task::{Shared, Task, Until, as_completed, gather, gather_settled, spawn, wait};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::support::{Errors, Log, after, cancel, secs, settle};

#[tokio::test(start_paused = true)]
async fn row_24_gather_keeps_the_order_of_the_input() {
    assert_eq!(gather([after(3, 'a'), after(1, 'b'), after(2, 'c')]).await.unwrap(), ['a', 'b', 'c']);
}

#[tokio::test]
async fn row_25_gather_of_nothing_is_an_empty_list() {
    assert!(gather(Vec::<Task<u8>>::new()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn row_26_the_first_error_comes_at_once_and_siblings_run_on_unreported() {
    let (errors, log) = (Errors::watch(), Log::new());
    let (early, late) = (
        spawn(async { panic!("first") }),
        spawn(async {
            sleep(secs(1)).await;
            panic!("second")
        }),
    );
    let sibling = spawn(log.later("ran on"));
    let began = Instant::now();
    let error = gather([late, early, sibling]).await.unwrap_err();
    assert_eq!((error.panic_message(), began.elapsed()), (Some("first"), secs(0)));
    sleep(secs(2)).await;
    assert_eq!(log.read(), ["ran on"]);
    assert_eq!(errors.count(), 0);
}

#[tokio::test]
async fn row_27_gather_settled_mixes_values_and_errors_in_order() {
    let outcomes = gather_settled([spawn(async { 1 }), spawn(async { panic!("boom") }), spawn(async { 3 })]);
    let outcomes: Vec<_> = outcomes.await.into_iter().map(Result::ok).collect();
    assert_eq!(outcomes, [Some(1), None, Some(3)]);
}

#[tokio::test(start_paused = true)]
async fn row_28_a_child_that_is_cancelled_alone_is_an_error_and_siblings_go_on() {
    let log = Log::new();
    let (stopped, sibling) = (spawn(pending::<()>()), spawn(log.later("ran on")));
    let child = stopped.reference();
    let gathering = spawn(gather([stopped, sibling]));
    settle().await;
    child.cancel();
    // The gathering task has a value, which is the error: it is not cancelled itself.
    assert!(gathering.await.unwrap().unwrap_err().is_cancelled());
    sleep(secs(1)).await;
    assert_eq!(log.read(), ["ran on"]);
}

#[tokio::test(start_paused = true)]
async fn row_29_cancelling_gather_cancels_all_unfinished_children() {
    let log = Log::new();
    let children = ["one", "two"].map(|line| spawn(log.guarded(line)));
    assert!(cancel(spawn(gather(children))).await.unwrap_err().is_cancelled());
    assert_eq!(log.sorted(), ["one", "two"]);
    let children = ["three", "two again"].map(|line| spawn(log.guarded(line)));
    assert!(cancel(spawn(gather_settled(children))).await.unwrap_err().is_cancelled());
    assert_eq!(log.read().len(), 4);
}

/// Another answer: a handle is awaited once; a shared one is what can be given twice.
#[tokio::test]
async fn row_30_the_same_shared_task_twice_gives_its_value_twice_and_runs_once() {
    let runs = Shared::new(0);
    let counter = runs.clone();
    let task = spawn(async move { counter.update(|runs| *runs += 1) }).shared();
    assert_eq!(gather([task.clone(), task]).await.unwrap(), [(), ()]);
    assert_eq!(runs.get(), 1);
}

#[tokio::test]
async fn row_31_cancelling_a_gather_whose_children_are_done_is_refused() {
    let gathering = spawn(gather([spawn(async { 1 })]));
    settle().await;
    assert!(!gathering.cancel());
    assert_eq!(gathering.await.unwrap().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn row_32_shield_keeps_a_cancellation_from_a_gather_or_from_its_children() {
    let gathering = spawn(gather([after(1, 'a'), after(2, 'b')])).shared();
    assert!(cancel(spawn(gathering.clone())).await.unwrap_err().is_cancelled());
    assert_eq!(gathering.await.unwrap().unwrap(), ['a', 'b']);

    let log = Log::new();
    let children = ["one", "two"].map(|line| shield(spawn(log.later(line))));
    assert!(cancel(spawn(gather(children))).await.unwrap_err().is_cancelled());
    sleep(secs(1)).await;
    assert_eq!(log.sorted(), ["one", "two"]);
}

fn sleepers<const N: usize>(seconds: [u64; N]) -> [Task<Result<u64, &'static str>>; N] {
    seconds.map(|seconds| {
        spawn(async move {
            sleep(secs(seconds)).await;
            if seconds == 2 { Err("two") } else { Ok(seconds) }
        })
    })
}

#[tokio::test(start_paused = true)]
async fn row_33_wait_parts_its_input_into_done_and_pending() {
    for (until, done) in [(Until::All, 3), (Until::FirstCompleted, 1), (Until::FirstError, 2)] {
        let waited = wait(sleepers([3, 1, 2]), until).await;
        assert_eq!((waited.done.len(), waited.pending.len()), (done, 3 - done));
    }
}

#[tokio::test(start_paused = true)]
async fn row_34_a_wait_that_is_out_of_time_returns_and_cancels_nothing() {
    let waited = wait(sleepers([1, 5]), Until::All).timeout(secs(3)).await;
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
    for task in waited.pending {
        assert_eq!(task.await.unwrap(), Ok(5));
    }
}

#[tokio::test(start_paused = true)]
async fn row_35_an_error_that_is_there_already_counts_and_a_cancellation_does_not() {
    let bad = spawn(async { Err::<(), _>("no") });
    settle().await;
    let began = Instant::now();
    let waited = wait([spawn(pending()), bad], Until::FirstError).await;
    assert_eq!((waited.done.len(), began.elapsed()), (1, secs(0)));

    let [stopped, failing] = [
        spawn(pending()),
        spawn(async {
            sleep(secs(1)).await;
            Err::<(), _>("no")
        }),
    ];
    stopped.cancel();
    assert_eq!(wait([stopped, failing], Until::FirstError).await.done.len(), 2);
    assert_eq!(began.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn row_36_cancelling_wait_leaves_the_tasks_alive() {
    let log = Log::new();
    let waiting = spawn(wait([spawn(log.later("ran on"))], Until::All));
    assert!(cancel(waiting).await.unwrap_err().is_cancelled());
    sleep(secs(1)).await;
    assert_eq!(log.read(), ["ran on"]);
}

#[tokio::test(start_paused = true)]
async fn row_37_tasks_that_end_in_the_same_turn_are_all_done() {
    assert_eq!(wait(sleepers([1, 1, 5]), Until::FirstCompleted).await.done.len(), 2);
}

/// Another answer: a stream has one reader at a time; those who share it take turns by a lock.
#[tokio::test(start_paused = true)]
async fn row_38_as_completed_gives_each_outcome_once_and_ready_ones_first() {
    let tasks = sleepers([3, 1, 0]);
    settle().await;
    let outcomes = Arc::new(Mutex::new(as_completed(tasks)));
    let taken = Shared::new(Vec::new());
    let readers = [(); 2].map(|()| {
        let (outcomes, taken) = (Arc::clone(&outcomes), taken.clone());
        spawn(async move {
            while let Some(outcome) = outcomes.lock().await.next().await {
                taken.update(|taken| taken.push(outcome.unwrap().unwrap()));
            }
        })
    });
    gather(readers).await.unwrap();
    assert_eq!(taken.get(), [0, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn row_39_as_completed_out_of_time_gives_what_is_done_then_says_so() {
    let log = Log::new();
    let slow = {
        let log = log.clone();
        spawn(async move {
            sleep(secs(5)).await;
            log.write("ran on");
        })
    };
    let mut outcomes = as_completed([slow, spawn(sleep(secs(1)))]).timeout(secs(3));
    assert!(outcomes.next().await.unwrap().unwrap().is_ok());
    assert!(outcomes.next().await.unwrap().is_err());
    assert!(outcomes.next().await.is_none());
    sleep(secs(5)).await;
    assert_eq!(log.read(), ["ran on"]);
}

/// Another answer: a handle is moved in, so that one task cannot be given twice.
#[tokio::test]
async fn row_40_as_completed_gives_one_outcome_for_each_handle() {
    let runs = Shared::new(0);
    let counter = runs.clone();
    let task = spawn(async move { counter.update(|runs| *runs += 1) }).shared();
    let mut outcomes = as_completed([spawn(task.clone()), spawn(task)]);
    let mut count = 0;
    while outcomes.next().await.is_some() {
        count += 1;
    }
    assert_eq!((count, runs.get()), (2, 1));
}
