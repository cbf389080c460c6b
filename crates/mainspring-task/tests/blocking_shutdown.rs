//! How a pool ends: what runs on, what is dropped, who is named.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainspring_task::blocking::{Job, Pool, is_cancelled, run_in};
use tokio::sync::oneshot;

const LONG: Duration = Duration::from_secs(60);

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn one_thread() -> Pool {
    Pool::builder("ending").threads(1).queue(1).build()
}

/// A job that runs until it is let go, and says then whether it had been given up.
async fn held(pool: &Pool) -> (Job<bool>, oneshot::Sender<()>) {
    let (running, runs) = oneshot::channel();
    let (go, gone) = oneshot::channel();
    let job = run_in(pool, move || {
        running.send(()).unwrap();
        let _ = gone.blocking_recv();
        is_cancelled()
    });
    runs.await.unwrap();
    (job, go)
}

#[tokio::test]
async fn a_pool_without_work_ends_at_once_and_its_threads_with_it() {
    let pool = one_thread();
    run_in(&pool, || ()).await.unwrap();
    pool.shutdown(LONG).await.unwrap();
    assert_eq!(pool.stats().threads, 0);
}

#[tokio::test]
async fn what_runs_and_what_is_queued_comes_to_its_end() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    let queued = run_in(&pool, || 2);
    let mut ending = Box::pin(pool.shutdown(LONG));
    assert!(poll(&mut ending).is_pending());
    go.send(()).unwrap();
    ending.await.unwrap();
    assert!(!running.await.unwrap());
    assert_eq!(queued.await.unwrap(), 2);
}

#[tokio::test]
async fn a_pool_that_was_shut_down_takes_no_new_jobs() {
    let pool = one_thread();
    pool.shutdown(LONG).await.unwrap();
    let error = run_in(&pool, || ()).await.unwrap_err();
    assert!(error.is_shut_down() && !error.is_full());
    assert_eq!(error.to_string(), "pool `ending` was shut down");
}

#[tokio::test]
async fn jobs_that_wait_for_a_place_are_turned_away() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    let queued = run_in(&pool, || ());
    let (mut waiting, mut unpolled) = (run_in(&pool, || ()), run_in(&pool, || ()));
    assert!(poll(&mut waiting).is_pending());
    let mut ending = Box::pin(pool.shutdown(LONG));
    assert!(poll(&mut ending).is_pending());
    waiting.queued().await;
    assert!(waiting.await.unwrap_err().is_shut_down());
    unpolled.queued().await;
    assert!(unpolled.await.unwrap_err().is_shut_down());
    go.send(()).unwrap();
    ending.await.unwrap();
    running.await.unwrap();
    queued.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_who_still_runs_is_named_with_its_place() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    let unfinished = pool.shutdown(LONG).await.unwrap_err();
    assert_eq!((unfinished.running().len(), unfinished.dropped()), (1, 0));
    let text = unfinished.to_string();
    let start = "pool `ending` was shut down with 1 jobs still running and 0 dropped: `threaded` (";
    assert!(text.starts_with(start) && text.contains("tests/blocking_shutdown.rs:"), "{text}");
    go.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_what_is_queued_is_dropped() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    let queued = run_in(&pool, || ());
    let unfinished = pool.shutdown(LONG).await.unwrap_err();
    assert_eq!((unfinished.running().len(), unfinished.dropped()), (1, 1));
    assert!(queued.await.unwrap_err().is_shut_down());
    go.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_what_runs_is_told_and_its_value_still_arrives() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    pool.shutdown(LONG).await.unwrap_err();
    go.send(()).unwrap();
    assert!(running.await.unwrap());
}

#[tokio::test]
async fn a_second_shutdown_waits_for_what_the_first_left_behind() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    pool.shutdown(Duration::ZERO).await.unwrap_err();
    go.send(()).unwrap();
    pool.shutdown(LONG).await.unwrap();
    assert!(running.await.unwrap());
}

#[tokio::test]
async fn a_shutdown_that_is_cancelled_leaves_the_pool_closed_and_working() {
    let pool = one_thread();
    let (running, go) = held(&pool).await;
    let queued = run_in(&pool, || 2);
    assert!(poll(&mut Box::pin(pool.shutdown(LONG))).is_pending());
    assert!(run_in(&pool, || ()).await.unwrap_err().is_shut_down());
    go.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(queued.await.unwrap(), 2);
}
