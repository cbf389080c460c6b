//! The executor: pools of threads. Their threads are real, so these tests wait for them and not for a clock.

use std::sync::mpsc;

use mainspring_task::blocking::{Pool, is_cancelled, run_in};
use mainspring_task::{context_var, spawn, threaded};

use crate::support::{cancel, secs};

context_var! {
    static USER: u32;
}

#[tokio::test]
async fn row_76_a_thread_gives_its_value_or_its_panic_and_sees_the_context() {
    assert_eq!(threaded(|| 7).await.unwrap(), 7);
    let error = threaded(|| {
        if true {
            panic!("boom")
        }
    })
    .await
    .unwrap_err();
    assert!(error.is_panic());
    let seen = spawn(async {
        USER.set(1);
        threaded(|| USER.get()).await.unwrap()
    });
    assert_eq!(seen.await.unwrap(), Some(1));
}

/// Another answer: a thread that nobody waits for is told so, and can end early.
#[tokio::test]
async fn row_76_cancelling_the_await_does_not_stop_the_thread_but_tells_it() {
    let (ended, end) = tokio::sync::oneshot::channel();
    let (begin, began) = tokio::sync::oneshot::channel();
    let waiter = spawn(threaded(move || {
        begin.send(()).unwrap();
        while !is_cancelled() {
            std::thread::yield_now();
        }
        ended.send(()).unwrap();
    }));
    began.await.unwrap();
    assert!(cancel(waiter).await.unwrap_err().is_cancelled());
    end.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn row_76_a_shutdown_that_runs_out_of_time_says_who_is_left() {
    let pool = Pool::builder("stuck").build();
    let (go, wait) = mpsc::sync_channel::<()>(1);
    let (begin, began) = tokio::sync::oneshot::channel();
    let job = run_in(&pool, move || {
        begin.send(()).unwrap();
        wait.recv().unwrap();
    });
    began.await.unwrap();
    let unfinished = pool.shutdown(secs(1)).await.unwrap_err();
    assert_eq!(unfinished.running().len(), 1);
    go.send(()).unwrap();
    drop(job);
}
