//! The entrypoint, its services and what they give each other.

use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

use mainspring_service::{BoxError, Context, Entrypoint, Result, Service, service};
use rustix::process::{Signal, getpid, kill_process};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Diary, Steady, start, within};

/// Fails in its stop.
struct Stubborn;

impl Service for Stubborn {
    fn name(&self) -> String {
        "stubborn".to_owned()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        cx.ready();
        cx.stopping().wait().await;
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        Err("will not".into())
    }
}

/// Is ready, and dies a second later.
fn mortal() -> impl Service {
    service("mortal", |cx: Context| async move {
        cx.ready();
        sleep(Duration::from_secs(1)).await;
        Err("the queue is gone")
    })
}

#[tokio::test(start_paused = true)]
async fn trap_1_1_starts_drain_before_any_stop_is_called() {
    let diary = Diary::default();
    let pen = diary.clone();
    let slow = service("slow", move |cx: Context| {
        let pen = pen.clone();
        async move {
            cx.ready();
            cx.stopping().wait().await;
            sleep(Duration::from_secs(3)).await;
            pen.write("slow has drained");
        }
    });
    let running = Entrypoint::new("test").service(slow).service(Steady(diary.clone())).start().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(diary.read(), ["steady has drained", "slow has drained", "steady has stopped"]);
}

#[tokio::test(start_paused = true)]
async fn trap_1_1_services_that_had_started_are_stopped_when_another_fails_to_start() {
    let diary = Diary::default();
    let broken = service("broken", |_: Context| async {
        sleep(Duration::from_secs(1)).await;
        Err("no such table")
    });
    let entrypoint = Entrypoint::new("test").service(Steady(diary.clone())).service(broken);
    let error = entrypoint.start().await.unwrap_err();
    assert_eq!(error.to_string(), "service `broken` did not start: no such table");
    assert_eq!(diary.read(), ["steady has drained", "steady has stopped"]);
}

#[tokio::test(start_paused = true)]
async fn trap_1_1_a_service_that_fails_later_is_noticed() {
    let mut running = start(mortal()).await;
    let error = timeout(Duration::from_secs(2), running.failed()).await.unwrap();
    assert_eq!(error.to_string(), "service `mortal` failed: the queue is gone");
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn trap_1_1_a_failing_stop_does_not_cancel_the_others() {
    let diary = Diary::default();
    let entrypoint = Entrypoint::new("test").service(Steady(diary.clone())).service(Stubborn);
    let error = entrypoint.start().await.unwrap().stop().await.unwrap_err();
    assert_eq!(error.to_string(), "service `stubborn` failed: will not");
    assert_eq!(diary.read(), ["steady has drained", "steady has stopped"]);
}

/// There the hook's error was the only word, and what had been set up before it stayed.
#[tokio::test(start_paused = true)]
async fn trap_1_1_a_failing_hook_before_the_start_is_named_and_leaves_nothing_behind() {
    let diary = Diary::default();
    let pen = diary.clone();
    let entrypoint = Entrypoint::new("test")
        .service(Steady(diary.clone()))
        .before_start(move || async move { pen.write("the first hook has run") })
        .before_start(|| async { Err("no licence") });
    let error = entrypoint.start().await.unwrap_err();
    assert!(error.is_start(), "{error}");
    let text = error.to_string();
    assert!(text.contains("tests/traps/services.rs:") && text.ends_with(": no licence"), "{text}");
    assert_eq!(diary.read(), ["the first hook has run"]);
}

/// The only test here that runs an entrypoint which heeds signals, as they reach the whole process.
#[test]
fn trap_1_1_an_end_by_sigterm_is_told_from_other_ends() {
    let terminate = || kill_process(getpid(), Signal::TERM).unwrap();
    let diary = Diary::default();
    let interrupted = async {
        terminate();
        within(pending::<()>()).await;
    };
    let entrypoint = Entrypoint::new("test").service(Steady(diary.clone()));
    let error = entrypoint.run_until(interrupted).unwrap_err();
    assert!(error.is_interrupted());
    assert_eq!((error.to_string().as_str(), error.exit_code()), ("stopped by SIGTERM", 1));
    assert_eq!(diary.read(), ["steady has drained", "steady has stopped"]);

    let asks = |fails: bool| {
        service("asks", move |cx: Context| async move {
            let stopping = cx.stopping();
            cx.ready();
            terminate();
            stopping.wait().await;
            if fails { Err("no goodbye") } else { Ok(()) }
        })
    };
    assert_eq!(Entrypoint::new("test").service(asks(false)).run(), ExitCode::SUCCESS);
    assert_eq!(Entrypoint::new("test").service(asks(true)).run(), ExitCode::FAILURE);
    // No less when it comes while another service is still on its way up.
    let late = service("late", |_: Context| pending::<()>());
    assert_eq!(Entrypoint::new("test").service(asks(true)).service(late).run(), ExitCode::FAILURE);
}

#[tokio::test(start_paused = true)]
async fn trap_1_3_the_time_out_of_one_waiter_leaves_the_others_alone() {
    let both = service("both", |cx: Context| async move {
        let hasty = timeout(Duration::from_secs(1), cx.require::<u32>());
        let (hasty, patient) = tokio::join!(hasty, cx.require::<u32>());
        assert!(hasty.is_err());
        assert_eq!(*patient?, 7);
        Ok::<_, BoxError>(())
    });
    let late = service("late", |cx: Context| async move {
        sleep(Duration::from_secs(2)).await;
        cx.provide(7_u32);
    });
    let running = Entrypoint::new("test").service(both).service(late).start().await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn defect_2_one_that_fails_leaves_nobody_behind() {
    let diary = Diary::default();
    let entrypoint =
        Entrypoint::new("test").service(Steady(diary.clone())).service(Stubborn).service(mortal());
    let mut running = entrypoint.start().await.unwrap();
    assert_eq!(running.failed().await.service(), Some("mortal"));
    assert_eq!(running.stop().await.unwrap_err().service(), Some("stubborn"));
    assert_eq!(diary.read(), ["steady has drained", "steady has stopped"]);
}

#[tokio::test(start_paused = true)]
async fn defect_6_a_waiter_that_gives_up_does_not_keep_the_others_from_starting() {
    let hasty = service("hasty", |cx: Context| async move {
        let early = timeout(Duration::from_millis(10), cx.require::<u32>()).await;
        assert!(early.is_err());
    });
    let patient = |name| service(name, |cx: Context| async move { cx.require::<u32>().await.map(drop) });
    let late = service("late", |cx: Context| async move {
        sleep(Duration::from_secs(1)).await;
        cx.provide(7_u32);
    });
    let entrypoint = Entrypoint::new("test").service(hasty).service(patient("one"));
    let running = entrypoint.service(patient("two")).service(late).start().await.unwrap();
    running.stop().await.unwrap();
}

/// All that are left wait: there that was the end, here one has a time-out of its own.
#[tokio::test(start_paused = true)]
async fn defect_6_a_cycle_in_which_one_gives_up_does_not_keep_the_other_from_starting() {
    let hasty = service("hasty", |cx: Context| async move {
        let early = timeout(Duration::from_millis(10), cx.require::<u32>()).await;
        assert!(early.is_err());
        cx.provide("without it");
    });
    let patient = service("patient", |cx: Context| async move {
        cx.require::<&str>().await?;
        cx.provide(7_u32);
        Ok::<_, BoxError>(())
    });
    let running = Entrypoint::new("test").service(hasty).service(patient).start().await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn defect_6_a_value_that_nobody_provides_fails_the_start_and_is_named() {
    let began = Instant::now();
    let needy = || service("needy", |cx: Context| async move { cx.require::<u32>().await.map(drop) });
    let error = Entrypoint::new("test").service(needy()).start().await.unwrap_err().to_string();
    assert!(error.contains("it waits for `u32`") && error.contains("nobody is left"), "{error}");
    assert_eq!(began.elapsed(), Duration::ZERO);

    // Somebody could still provide it.
    let entrypoint = Entrypoint::new("test").require_within(Duration::from_secs(3));
    let entrypoint = entrypoint.service(needy()).service(Steady(Diary::default()));
    let error = entrypoint.start().await.unwrap_err().to_string();
    assert!(error.contains("did not come within 3s; `steady` could"), "{error}");
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}
