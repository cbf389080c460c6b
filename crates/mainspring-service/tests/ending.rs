//! How services end whatever else happens: failures, panics, and work that gets stuck.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::pending;
use std::time::Duration;

use mainspring_service::service::{Backoff, Configure, Restart};
use mainspring_service::{Context, Entrypoint, Result, Running, Service, service};
use mainspring_task::Shared;
use tokio::time::{Instant, sleep, timeout};

/// Counts its starts and stops; fails when it has run for a second.
#[derive(Clone)]
struct Failing {
    starts: Shared<u32>,
    stops: Shared<u32>,
    drains: bool,
    /// How long its `stop` takes.
    stopping: Duration,
}

impl Failing {
    fn new(drains: bool, stopping: Duration) -> Self {
        Failing { starts: Shared::new(0), stops: Shared::new(0), drains, stopping }
    }

    /// Starts it with a pause between two runs that, though drawn by lot, does not end while a test looks.
    async fn run(&self) -> Running {
        let pause = Duration::from_secs(10_000_000);
        let backoff = Backoff { first: pause, longest: pause, ..Backoff::default() };
        let failing = self.clone().restart(Restart::OnFailure).backoff(backoff);
        Entrypoint::new("test").service(failing).start().await.unwrap()
    }
}

impl Service for Failing {
    async fn start(&mut self, cx: &Context) -> Result {
        self.starts.update(|starts| *starts += 1);
        if self.drains {
            drop(cx.stopping());
        }
        cx.ready();
        sleep(Duration::from_secs(1)).await;
        Err("as told".into())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.stops.update(|stops| *stops += 1);
        sleep(self.stopping).await;
        Ok(())
    }
}

/// Runs on and saves what it has in its `stop`.
struct Store {
    saved: Shared<bool>,
}

impl Service for Store {
    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        pending().await
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.saved.set(true);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_a_service_waits_for_its_restart_does_not_start_it_again() {
    for drains in [false, true] {
        let failing = Failing::new(drains, Duration::ZERO);
        let running = failing.run().await;
        sleep(Duration::from_secs(3)).await;
        let began = Instant::now();
        running.stop().await.unwrap();
        assert_eq!((failing.starts.get(), failing.stops.get()), (1, 1), "drains: {drains}");
        assert!(began.elapsed() < Duration::from_secs(1), "drains: {drains}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_stop_before_a_restart_does_not_call_it_twice() {
    let failing = Failing::new(false, Duration::from_secs(2));
    let running = failing.run().await;
    sleep(Duration::from_secs(2)).await;
    running.stop().await.unwrap();
    assert_eq!((failing.starts.get(), failing.stops.get()), (1, 1));
}

/// Panics before there is a future.
struct Early {
    in_start: bool,
}

impl Service for Early {
    fn start(&mut self, cx: &Context) -> impl Future<Output = Result> + Send {
        assert!(!self.in_start, "too early");
        cx.ready();
        pending()
    }

    fn stop(&mut self, _: &Context) -> impl Future<Output = Result> + Send {
        assert!(self.in_start, "too early");
        async { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_future_of_start_is_a_failed_start() {
    let began = Instant::now();
    let error = Entrypoint::new("test").service(Early { in_start: true }).start().await.unwrap_err();
    assert!(error.is_start() && error.to_string().contains("too early"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_future_of_stop_is_a_failed_stop() {
    let running = Entrypoint::new("test").service(Early { in_start: false }).start().await.unwrap();
    let error = running.stop().await.unwrap_err();
    assert!(error.is_service() && error.to_string().contains("too early"), "{error}");
}

fn broken() {
    panic!("a hook");
}

#[tokio::test]
async fn a_panic_in_a_hook_keeps_nobody_from_the_stop() {
    let saved = Shared::new(false);
    let after = Shared::new(false);
    let flag = after.clone();
    let entrypoint = Entrypoint::new("test")
        .service(Store { saved: saved.clone() })
        .after_start(|| async { broken() })
        .before_stop(|| async { broken() })
        .after_stop(|| async { broken() })
        .after_stop(move || async move { flag.set(true) });
    entrypoint.start().await.unwrap().stop().await.unwrap();
    assert!(saved.get() && after.get());
}

/// Leaves work behind when it stops.
struct Saver {
    done: Shared<bool>,
}

impl Service for Saver {
    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        pending().await
    }

    async fn stop(&mut self, cx: &Context) -> Result {
        let done = self.done.clone();
        let work = async move {
            sleep(Duration::from_secs(1)).await;
            done.set(true);
        };
        cx.spawn(work).detach();
        cx.background(pending::<()>()).detach();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_is_begun_in_stop_is_finished() {
    let done = Shared::new(false);
    let running = Entrypoint::new("test").service(Saver { done: done.clone() }).start().await.unwrap();
    running.stop().await.unwrap();
    assert!(done.get());
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_never_given_back_keeps_no_other_service_from_its_stop() {
    let saved = Shared::new(false);
    let leaky = service("leaky", |cx: Context| async move {
        std::mem::forget(cx.drain());
        cx.ready();
        cx.stopping().wait().await;
    });
    let running =
        Entrypoint::new("test").service(leaky).service(Store { saved: saved.clone() }).start().await.unwrap();
    let began = Instant::now();
    assert!(running.stop().await.unwrap_err().is_drain());
    assert!(saved.get());
    assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_requirement_made_while_draining_does_not_hold_up_the_stop() {
    let provider = service("provider", |cx: Context| async move {
        cx.provide(7_u32);
        cx.ready();
        cx.stopping().wait().await;
    });
    let user = service("user", |cx: Context| async move {
        let required = cx.require::<u32>().await;
        cx.ready();
        cx.stopping().wait().await;
        sleep(Duration::from_secs(1)).await;
        required.map(drop)
    });
    let late = service("late", |cx: Context| async move {
        cx.ready();
        cx.stopping().wait().await;
        cx.require::<u32>().await.map(drop)
    });
    let running =
        Entrypoint::new("test").service(late).service(provider).service(user).start().await.unwrap();
    let stopped = timeout(Duration::from_secs(5), running.stop()).await;
    stopped.expect("the stop is not held up").unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_longest_of_times_is_for_ever() {
    let entrypoint = Entrypoint::new("test")
        .shutdown_grace(Duration::MAX)
        .require_within(Duration::MAX)
        .service(service("provider", |cx: Context| async move {
            cx.provide(7_u32);
        }))
        .service(service("user", |cx: Context| async move { cx.require::<u32>().await.map(drop) }));
    entrypoint.start().await.unwrap().stop().await.unwrap();
}
