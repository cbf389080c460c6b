//! Periodic work on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::Entrypoint;
use mainspring_service::schedule::Periodic;
use tokio::time::{Instant, sleep};

/// When each run began, in milliseconds from the start.
async fn beats(period: u64, work: u64, watch_for: u64) -> Vec<u128> {
    let seen: Arc<Mutex<Vec<u128>>> = Arc::default();
    let (pen, start) = (seen.clone(), Instant::now());
    let periodic = Periodic::every(Duration::from_millis(period), move || {
        pen.lock().unwrap().push(start.elapsed().as_millis());
        async move { sleep(Duration::from_millis(work)).await }
    });
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    tokio::time::sleep_until(start + Duration::from_millis(watch_for)).await;
    running.stop().await.unwrap();
    seen.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn the_first_run_is_at_once_and_the_rate_is_fixed() {
    assert_eq!(beats(100, 30, 350).await, [0, 100, 200, 300]);
}

#[tokio::test(start_paused = true)]
async fn a_long_run_leaves_out_the_beats_it_missed() {
    assert_eq!(beats(100, 150, 450).await, [0, 200, 400]);
}

#[tokio::test(start_paused = true)]
async fn an_error_does_not_end_the_series() {
    let runs = mainspring_task::Shared::new(0);
    let count = runs.clone();
    let failing = Periodic::every(Duration::from_secs(1), move || {
        count.update(|count| *count += 1);
        async { Err("not this time") }
    });
    let running = Entrypoint::new("test").service(failing).start().await.unwrap();
    assert!(runs.until(|count| *count == 3).await == 3);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_under_way_is_finished_at_shutdown() {
    let done = mainspring_task::Shared::new(0);
    let count = done.clone();
    let slow = Periodic::every(Duration::from_secs(10), move || {
        let count = count.clone();
        async move {
            let first = count.get() == 0;
            sleep(Duration::from_secs(if first { 0 } else { 3 })).await;
            count.update(|count| *count += 1);
        }
    });
    let running = Entrypoint::new("test").service(slow).start().await.unwrap();
    sleep(Duration::from_secs(11)).await;
    running.stop().await.unwrap();
    assert_eq!(done.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_period_beyond_the_end_of_time_runs_once() {
    let runs = mainspring_task::Shared::new(0);
    let count = runs.clone();
    let once = Periodic::every(Duration::MAX, move || {
        count.update(|count| *count += 1);
        async {}
    });
    let mut running = Entrypoint::new("test").service(once).start().await.unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(3600), running.failed()).await;
    assert!(failed.is_err(), "{failed:?}");
    running.stop().await.unwrap();
    assert_eq!(runs.get(), 1);
}
