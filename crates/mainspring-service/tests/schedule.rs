//! Periodic work on a paused clock: pauses, overlaps, failures, runs by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::Entrypoint;
use mainspring_service::schedule::{OnError, Overlap, Periodic};
use mainspring_task::{Shared, spawn};
use tokio::time::{Instant, sleep};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Writes down when runs begin, in milliseconds from the start.
#[derive(Clone)]
struct Notes {
    start: Instant,
    lines: Arc<Mutex<Vec<u128>>>,
}

impl Notes {
    fn new() -> Self {
        Notes { start: Instant::now(), lines: Arc::default() }
    }

    fn take(&self) -> usize {
        let mut lines = self.lines.lock().unwrap();
        lines.push(self.start.elapsed().as_millis());
        lines.len()
    }

    fn all(&self) -> Vec<u128> {
        self.lines.lock().unwrap().clone()
    }

    /// Runs the service and looks at the notes after some time.
    async fn after(&self, watch: u64, periodic: Periodic) -> Vec<u128> {
        let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
        tokio::time::sleep_until(self.start + millis(watch)).await;
        let seen = self.all();
        running.stop().await.unwrap();
        seen
    }
}

/// Each run takes `work` milliseconds.
fn every(notes: &Notes, period: u64, work: u64) -> Periodic {
    let notes = notes.clone();
    Periodic::every(millis(period), move || {
        notes.take();
        sleep(millis(work))
    })
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_counted_from_the_end_of_a_run() {
    let notes = Notes::new();
    let pen = notes.clone();
    let pausing = Periodic::pausing(millis(100), move || {
        pen.take();
        sleep(millis(150))
    });
    assert_eq!(notes.after(800, pausing).await, [0, 250, 500, 750]);
}

#[tokio::test(start_paused = true)]
async fn a_run_as_long_as_the_period_hides_no_beat() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 100);
    assert_eq!(notes.after(350, periodic).await, [0, 100, 200, 300]);
}

#[tokio::test(start_paused = true)]
async fn a_first_delay_comes_before_the_first_run_and_the_service_is_ready_at_once() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 0).first_after(millis(250));
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    assert_eq!(notes.start.elapsed(), millis(0));
    sleep(millis(500)).await;
    running.stop().await.unwrap();
    assert_eq!(notes.all(), [250, 350, 450]);
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_each_run_within_its_bound_and_the_rate_does_not_drift() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 0).jitter(millis(40));
    let seen = notes.after(10_050, periodic).await;
    assert_eq!(seen.len(), 101);
    // A timer may be late by a millisecond.
    assert!(seen.iter().zip(0..).all(|(at, run)| (run * 100..=run * 100 + 41).contains(at)), "{seen:?}");
    assert!(seen.iter().any(|at| at % 100 > 5));
}

#[tokio::test(start_paused = true)]
async fn skip_leaves_out_what_is_due_during_a_run_and_counts_it() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 250);
    let handle = periodic.handle();
    assert_eq!(notes.after(650, periodic).await, [0, 300, 600]);
    assert_eq!(handle.stats().skipped, 4);
}

#[tokio::test(start_paused = true)]
async fn queue_lets_so_many_wait_and_leaves_out_the_rest() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 250).overlap(Overlap::Queue(1));
    let handle = periodic.handle();
    assert_eq!(notes.after(650, periodic).await, [0, 250, 500]);
    assert!(handle.stats().skipped > 0);
}

#[tokio::test(start_paused = true)]
async fn parallel_runs_so_many_at_once_and_leaves_out_the_rest() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 250).overlap(Overlap::Parallel(2));
    let handle = periodic.handle();
    assert_eq!(notes.after(550, periodic).await, [0, 100, 300, 400]);
    assert_eq!(handle.stats().skipped, 2);
}

/// Fails in each run but the third and the sixth.
fn failing(notes: &Notes, policy: OnError) -> Periodic {
    let notes = notes.clone();
    let periodic = Periodic::every(millis(100), move || {
        let run = notes.take();
        async move { if run.is_multiple_of(3) { Ok(()) } else { Err("no route to host") } }
    });
    periodic.on_error(policy)
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_counted_and_the_series_goes_on() {
    let notes = Notes::new();
    let periodic = failing(&notes, OnError::GoOn);
    let handle = periodic.handle();
    assert_eq!(notes.after(450, periodic).await, [0, 100, 200, 300, 400]);
    assert_eq!((handle.stats().failures, handle.stats().failures_in_a_row), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_failure_may_fail_the_service() {
    let notes = Notes::new();
    let pen = notes.clone();
    let periodic = Periodic::every(millis(100), move || {
        let run = pen.take();
        async move { if run < 3 { Ok(()) } else { Err("no route to host") } }
    });
    let periodic = periodic.on_error(OnError::Fail);
    let mut running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    let error = running.failed().await;
    assert!(error.to_string().contains("no route to host"), "{error}");
    assert_eq!(notes.all(), [0, 100, 200]);
    drop(running.stop().await);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_failed_has_no_run_under_way() {
    let notes = Notes::new();
    let periodic = Periodic::every(millis(10), move || {
        let run = notes.take();
        async move {
            sleep(if run == 1 { millis(25) } else { millis(60_000) }).await;
            Err::<(), _>("no route to host")
        }
    });
    let periodic = periodic.first_after(millis(10)).overlap(Overlap::Parallel(3)).on_error(OnError::Fail);
    let handle = periodic.handle();
    let mut running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    drop(running.failed().await);
    assert_eq!((handle.stats().running, handle.stats().queued), (0, 0));
    drop(running.stop().await);
}

#[tokio::test(start_paused = true)]
async fn backoff_holds_up_runs_that_wait_too() {
    let notes = Notes::new();
    let pen = notes.clone();
    let periodic = Periodic::every(millis(100), move || {
        pen.take();
        async {
            sleep(millis(250)).await;
            Err::<(), _>("no route to host")
        }
    });
    let periodic = periodic.first_after(millis(100)).overlap(Overlap::Queue(2));
    let periodic = periodic.on_error(OnError::backoff(millis(1_000), millis(1_000)));
    assert_eq!(notes.after(2_500, periodic).await, [100, 1_350]);
}

#[tokio::test(start_paused = true)]
async fn a_jitter_longer_than_the_period_takes_no_run_away() {
    let notes = Notes::new();
    let pen = notes.clone();
    let periodic = Periodic::every(millis(100), move || {
        pen.take();
        async { Ok::<_, std::io::Error>(()) }
    });
    let runs = notes.after(2_000, periodic.jitter(millis(5_000))).await.len();
    assert!((19..=21).contains(&runs), "{runs}");
}

#[tokio::test(start_paused = true)]
async fn backoff_doubles_with_each_failure_in_a_row() {
    let notes = Notes::new();
    let periodic = failing(&notes, OnError::backoff(millis(250), millis(10_000)));
    // The first failure pauses for 250, the second for 500; the success lets the rate be again.
    assert_eq!(notes.after(1_150, periodic).await, [0, 250, 750, 800, 1_050]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_run() {
    let periodic = Periodic::every(millis(100), || async { panic_now() });
    let handle = periodic.handle();
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    sleep(millis(250)).await;
    assert_eq!((handle.stats().runs, handle.stats().failures), (3, 3));
    let error = handle.run_now().await.unwrap_err();
    assert!(error.is_failed() && error.to_string().contains("index out of bounds"), "{error}");
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_future_is_a_failed_run() {
    let periodic = Periodic::every(millis(100), || -> std::future::Ready<()> { panic!("no such key") });
    let handle = periodic.handle();
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    let error = handle.run_now().await.unwrap_err();
    assert_eq!(error.to_string(), "the run failed: it panicked: no such key");
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_does_not_move_the_beats() {
    let notes = Notes::new();
    let periodic = every(&notes, 100, 10);
    let handle = periodic.handle();
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    sleep(millis(140)).await;
    handle.run_now().await.unwrap();
    assert_eq!(handle.stats().last, Some(millis(10)));
    sleep(millis(90)).await;
    running.stop().await.unwrap();
    assert_eq!(notes.all(), [0, 100, 150, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_obeys_the_overlap_policy() {
    let periodic = Periodic::every(Duration::MAX, || sleep(millis(50)));
    let handle = periodic.handle();
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    let (one, two) = tokio::join!(handle.run_now(), handle.run_now());
    assert!(one.is_ok() && two.unwrap_err().is_skipped());
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_after_the_end_says_that_the_schedule_has_stopped() {
    let periodic = Periodic::every(millis(100), || async {});
    let handle = periodic.handle();
    Entrypoint::new("test").service(periodic).start().await.unwrap().stop().await.unwrap();
    assert!(handle.run_now().await.unwrap_err().is_stopped());
}

#[tokio::test(start_paused = true)]
async fn stop_waits_for_a_run_and_never_cancels_it_within_the_grace() {
    let done = Shared::new(false);
    let flag = done.clone();
    let periodic = Periodic::every(millis(100), move || {
        let flag = flag.clone();
        async move {
            sleep(millis(70)).await;
            flag.set(true);
        }
    });
    let periodic = periodic.first_after(millis(10));
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    sleep(millis(20)).await;
    running.stop().await.unwrap();
    assert!(done.get());
}

#[tokio::test(start_paused = true)]
async fn a_run_stands_in_the_task_list_under_its_service() {
    let periodic = Periodic::every(millis(100), || sleep(millis(50))).name("refresh-listed");
    let looks = spawn(async {
        sleep(millis(10)).await;
        mainspring_task::all_tasks().iter().any(|task| &*task.name() == "refresh-listed")
    });
    let running = Entrypoint::new("test").service(periodic).start().await.unwrap();
    assert!(looks.await.unwrap());
    running.stop().await.unwrap();
}

fn panic_now() {
    panic!("index out of bounds")
}
