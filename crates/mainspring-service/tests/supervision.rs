//! What becomes of services that fail.

use std::future::pending;
use std::time::Duration;

use mainspring_service::service::{Backoff, Configure, OnFailure, Restart, Status};
use mainspring_service::{Context, Entrypoint, Result, Service, service};
use mainspring_task::Shared;
use tokio::time::{Instant, sleep};

/// Runs for a second and fails, as often as it is told to; then it runs on.
struct Failing {
    failures: u32,
    starts: Shared<u32>,
    stops: Shared<u32>,
}

impl Failing {
    fn new(failures: u32) -> (Self, Shared<u32>) {
        let starts = Shared::new(0);
        (Failing { failures, starts: starts.clone(), stops: Shared::new(0) }, starts)
    }
}

impl Service for Failing {
    fn name(&self) -> String {
        "failing".to_owned()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        self.starts.update(|starts| *starts += 1);
        cx.ready();
        sleep(Duration::from_secs(1)).await;
        if self.starts.get() <= self.failures {
            return Err("as told".into());
        }
        pending().await
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.stops.update(|stops| *stops += 1);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_is_started_again() {
    let (failing, starts) = Failing::new(3);
    let mut running =
        Entrypoint::new("test").service(failing.restart(Restart::OnFailure)).start().await.unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(600), running.failed()).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(starts.get(), 4);
    let info = running.overview().list().remove(0);
    assert_eq!((info.restarts, info.status), (3, Status::Ready));
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_keeps_failing_is_given_up() {
    let (failing, starts) = Failing::new(u32::MAX);
    let failing = failing.restart(Restart::OnFailure).backoff(Backoff { limit: 2, ..Backoff::default() });
    let mut running = Entrypoint::new("test").service(failing).start().await.unwrap();
    let error = running.failed().await;
    assert_eq!(
        error.to_string(),
        "service `failing` failed: it has failed 3 times in a row, the last time with: as told"
    );
    assert_eq!(starts.get(), 3);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_healthy_while_makes_failures_forgotten() {
    let (failing, starts) = Failing::new(20);
    let healthy = Backoff { limit: 2, healthy: Duration::from_secs(1), ..Backoff::default() };
    let failing = failing.restart(Restart::OnFailure).backoff(healthy);
    let running = Entrypoint::new("test").service(failing).start().await.unwrap();
    assert_eq!(starts.until(|starts| *starts == 21).await, 21);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_pauses_stay_under_their_ceilings() {
    let (failing, starts) = Failing::new(5);
    let running = Entrypoint::new("test").service(failing.restart(Restart::OnFailure)).start().await.unwrap();
    let began = Instant::now();
    starts.until(|starts| *starts == 6).await;
    // Five runs of a second, and pauses of at most 0.1, 0.2, 0.4, 0.8 and 1.6 s.
    let took = began.elapsed().as_secs_f64();
    assert!((5.0..=8.1).contains(&took), "{took}");
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn stop_is_called_between_the_runs() {
    let (failing, starts) = Failing::new(2);
    let stops = failing.stops.clone();
    let running = Entrypoint::new("test").service(failing.restart(Restart::OnFailure)).start().await.unwrap();
    starts.until(|starts| *starts == 3).await;
    assert_eq!(stops.get(), 2);
    running.stop().await.unwrap();
    assert_eq!(stops.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn always_starts_a_service_again_that_has_ended_well() {
    let runs = Shared::new(0);
    let count = runs.clone();
    let brief = service("brief", move |_: Context| {
        let count = count.clone();
        async move { count.update(|count| *count += 1) }
    });
    let running = Entrypoint::new("test").service(brief.restart(Restart::Always)).start().await.unwrap();
    assert_eq!(runs.until(|runs| *runs == 3).await, 3);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure() {
    let runs = Shared::new(0);
    let count = runs.clone();
    let panicking = service("panicking", move |cx: Context| {
        let count = count.clone();
        async move {
            count.update(|count| *count += 1);
            cx.ready();
            assert!(count.get() > 1, "the first time");
            pending::<()>().await;
        }
    });
    let running =
        Entrypoint::new("test").service(panicking.restart(Restart::OnFailure)).start().await.unwrap();
    assert_eq!(runs.until(|runs| *runs == 2).await, 2);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_process_lives_on_degraded_when_the_policy_says_so() {
    let (failing, _) = Failing::new(1);
    let mut running =
        Entrypoint::new("test").service(failing.on_failure(OnFailure::Degrade)).start().await.unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(60), running.failed()).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(running.overview().status("failing"), Some(Status::Failed("as told".into())));
    assert!(!running.overview().is_ready());
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_came_up_is_not_started_again() {
    let runs = Shared::new(0);
    let count = runs.clone();
    let broken = service("broken", move |_: Context| {
        count.update(|count| *count += 1);
        async { Err("no") }
    });
    let error = Entrypoint::new("test").service(broken.restart(Restart::Always)).start().await.unwrap_err();
    assert!(error.is_start());
    assert_eq!(runs.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_hold_up_the_end() {
    let (failing, starts) = Failing::new(u32::MAX);
    let slow = Backoff {
        first: Duration::from_secs(1000),
        longest: Duration::from_secs(1000),
        ..Backoff::default()
    };
    let failing = failing.restart(Restart::OnFailure).backoff(slow);
    let running = Entrypoint::new("test").service(failing).start().await.unwrap();
    starts.until(|starts| *starts == 1).await;
    sleep(Duration::from_millis(1001)).await;
    let began = Instant::now();
    running.stop().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// It fails in the moment between the order to stop and its end.
#[tokio::test(start_paused = true)]
async fn a_failure_that_the_stop_overtakes_does_not_fail_the_process() {
    let unlucky = service("unlucky", |cx: Context| async move {
        let mut status = cx.services().watch("unlucky").expect("it is its own name");
        cx.ready();
        drop(status.wait_for(|status| *status == Status::Stopping).await);
        Err("too late for a restart")
    });
    let running = Entrypoint::new("test").service(unlucky.restart(Restart::OnFailure)).start().await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_while_it_drains_fails_the_process_whatever_its_policy() {
    let careless = service("careless", |cx: Context| async move {
        cx.ready();
        cx.stopping().wait().await;
        Err("cannot flush")
    });
    let running =
        Entrypoint::new("test").service(careless.restart(Restart::OnFailure)).start().await.unwrap();
    let error = running.stop().await.unwrap_err();
    assert_eq!(error.to_string(), "service `careless` failed: cannot flush");
}
