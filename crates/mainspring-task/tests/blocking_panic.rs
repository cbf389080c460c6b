//! A panic in a job nobody awaits. Alone in its program: it counts process-wide reports.

use mainspring_task::blocking::Pool;
use mainspring_task::inspect::detached_panics;
use mainspring_task::{blocking, threaded};
use tokio::sync::oneshot;

#[tokio::test]
async fn a_panic_in_a_job_is_reported_once_and_only_when_nobody_awaits_it() {
    let _ = threaded(|| panic!("awaited")).await;
    assert_eq!(detached_panics(), 0);

    let pool = Pool::builder("one").threads(1).build();
    let (running, runs) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let job = blocking::run_in(&pool, move || {
        running.send(()).unwrap();
        gone.blocking_recv().unwrap();
        panic!("dropped before it panics");
    });
    runs.await.unwrap();
    drop(job);
    go.send(()).unwrap();
    // The same thread: the report is out when it takes the next job.
    blocking::run_in(&pool, || ()).await.unwrap();
    assert_eq!(detached_panics(), 1);

    let job = blocking::run_in(&pool, || panic!("dropped after it panicked"));
    blocking::run_in(&pool, || ()).await.unwrap();
    drop(job);
    assert_eq!(detached_panics(), 2);
}
