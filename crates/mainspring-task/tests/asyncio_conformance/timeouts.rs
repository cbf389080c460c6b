//! Limits in time.

use std::future::{pending, poll_fn};
use std::task::Poll;

use mainspring_task::cancel::{cancelled, catch_cancel, finally};
use mainspring_task::time::{Deadline, timeout};
use mainspring_task::{Shared, spawn};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{Log, cancel, secs, settle};

#[tokio::test(start_paused = true)]
async fn row_41_a_body_that_ends_in_time_leaves_no_timer() {
    let began = Instant::now();
    assert_eq!(timeout(secs(1000), async { 7 }).await, Ok(7));
    // A timer left behind would make the paused clock jump when everything waits.
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || tell.send(()).unwrap());
    told.await.unwrap();
    assert_eq!(began.elapsed(), secs(0));
}

/// Another answer: the body is polled once before the limit is looked at, so that a value that is there
/// is never lost.
#[tokio::test(start_paused = true)]
async fn row_42_a_limit_of_zero_polls_the_body_once() {
    let polls = Shared::new(0);
    let counter = polls.clone();
    let body = poll_fn(move |_| {
        counter.update(|polls| *polls += 1);
        Poll::<()>::Pending
    });
    assert!(timeout(secs(0), body).await.is_err());
    assert_eq!(polls.get(), 1);
    assert_eq!(timeout(secs(0), async { 7 }).await, Ok(7));
    let done = spawn(async { 8 });
    settle().await;
    assert_eq!(timeout(secs(0), done).await.unwrap().unwrap(), 8);
}

#[tokio::test(start_paused = true)]
async fn row_43_the_cleanup_ends_before_the_time_out_is_seen() {
    let log = Log::new();
    assert!(timeout(secs(1), log.guarded("in place")).await.is_err());
    assert!(timeout(secs(1), spawn(log.guarded("in a task"))).await.is_err());
    assert_eq!(log.read(), ["in place", "in a task"]);
}

#[tokio::test(start_paused = true)]
async fn row_44_the_value_of_a_body_that_goes_on_wins() {
    let body = async {
        cancelled().await;
        "anyway"
    };
    assert_eq!(timeout(secs(1), body).await, Ok("anyway"));
}

#[tokio::test(start_paused = true)]
async fn row_45_another_error_of_a_body_that_is_cancelled_wins() {
    let body = async { catch_cancel(pending::<()>()).await.map_err(|_| "another error") };
    assert_eq!(timeout(secs(1), body).await, Ok(Err("another error")));
}

#[tokio::test(start_paused = true)]
async fn row_46_a_value_that_comes_with_the_time_out_is_not_lost() {
    let body = async {
        sleep(secs(1)).await;
        7
    };
    assert_eq!(timeout(secs(1), body).await, Ok(7));
}

/// Another answer: what is cancelled together with its body's end has no value; who needs the value of an
/// operation all the same shares its task.
#[tokio::test(start_paused = true)]
async fn row_47_neither_a_cancellation_nor_a_shared_value_is_lost() {
    let (go, wait) = tokio::sync::oneshot::channel();
    let operation = spawn(async move { wait.await.unwrap() }).shared();
    let waiter = spawn(timeout(secs(1000), operation.clone()));
    settle().await;
    go.send(7).unwrap();
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    assert_eq!(operation.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn row_48_a_shielded_operation_goes_on_after_the_time_out() {
    let operation = spawn(async {
        sleep(secs(2)).await;
        7
    })
    .shared();
    assert!(timeout(secs(1), operation.clone()).await.is_err());
    assert_eq!(operation.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn row_49_of_nested_limits_only_the_one_that_is_reached_reports() {
    let outer = timeout(secs(10), async {
        let inner = timeout(secs(1), pending::<()>()).await;
        sleep(secs(1)).await;
        inner.is_err()
    });
    assert_eq!(outer.await, Ok(true));

    let log = Log::new();
    let pen = log.clone();
    let outer = timeout(secs(1), async move {
        let _ = timeout(secs(10), pending::<()>()).await;
        pen.write("the inner one was reached");
    });
    assert!(outer.await.is_err());
    assert!(log.read().is_empty());

    let both = timeout(secs(1), async { timeout(secs(1), pending::<()>()).await });
    let began = Instant::now();
    assert!(matches!(both.await, Err(_) | Ok(Err(_))));
    assert_eq!(began.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn row_50_a_limit_in_the_cleanup_of_a_limit_works() {
    let log = Log::new();
    let pen = log.clone();
    let cleanup = async move {
        if timeout(secs(1), pending::<()>()).await.is_err() {
            pen.write("the cleanup was limited");
        }
    };
    assert!(timeout(secs(1), finally(pending::<()>(), cleanup)).await.is_err());
    assert_eq!(log.read(), ["the cleanup was limited"]);
}

#[tokio::test(start_paused = true)]
async fn row_51_a_cancellation_from_elsewhere_is_no_time_out() {
    let log = Log::new();
    let pen = log.clone();
    let task = spawn(async move {
        let _ = timeout(secs(10), pending::<()>()).await;
        pen.write("timed out");
    });
    assert!(cancel(task).await.unwrap_err().is_cancelled());
    assert!(log.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn row_52_a_deadline_can_be_moved_until_it_is_over() {
    let body_of = |seconds| async move {
        sleep(secs(seconds)).await;
        seconds
    };
    let moved = |deadline: &Deadline, at: Option<u64>| {
        let at = at.map(|seconds| Instant::now() + secs(seconds));
        deadline.reschedule(at)
    };
    let (later, sooner, off) = (Deadline::after(secs(1)), Deadline::after(secs(9)), Deadline::after(secs(1)));
    let limited = [&later, &sooner, &off].map(|deadline| spawn(deadline.limit(body_of(5))));
    settle().await;
    moved(&later, Some(8)).unwrap();
    moved(&sooner, Some(2)).unwrap();
    moved(&off, None).unwrap();
    let mut ends = Vec::new();
    for limited in limited {
        ends.push(limited.await.unwrap().is_ok());
    }
    assert_eq!(ends, [true, false, true]);
    assert!(sooner.is_expired());
    for deadline in [&later, &sooner, &off] {
        assert!(moved(deadline, Some(1)).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn row_53_a_limit_of_zero_lets_the_body_run_to_its_first_suspension() {
    let log = Log::new();
    let pen = log.clone();
    let body = async move {
        pen.write("before");
        yield_now().await;
        pen.write("after");
    };
    assert!(timeout(secs(0), body).await.is_err());
    assert_eq!(log.read(), ["before"]);
}

#[tokio::test]
async fn row_54_a_body_that_never_suspends_is_not_interrupted() {
    async fn work() -> u64 {
        (0..100_000_u64).sum()
    }
    assert_eq!(timeout(secs(0), work()).await, Ok(4_999_950_000));
}
