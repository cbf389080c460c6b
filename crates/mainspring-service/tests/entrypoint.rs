//! How a process starts, runs and ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod diary;

use std::future::pending;
use std::time::Duration;

use mainspring_service::{Context, Entrypoint, Result, Runtime, Service, service};
use tokio::time::{Instant, sleep};

use diary::Diary;

/// Becomes ready and runs until it is told to stop.
struct Steady {
    name: &'static str,
    diary: Diary,
}

impl Service for Steady {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        self.diary.write(format!("{} starts", self.name));
        cx.ready();
        cx.stopping().wait().await;
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.diary.write(format!("{} stops", self.name));
        Ok(())
    }
}

fn steady(name: &'static str, diary: &Diary) -> Steady {
    Steady { name, diary: diary.clone() }
}

#[tokio::test]
async fn services_stop_in_the_reverse_order() {
    let diary = Diary::default();
    let entrypoint = Entrypoint::new("test").service(steady("a", &diary)).service(steady("b", &diary));
    entrypoint.start().await.unwrap().stop().await.unwrap();
    assert_eq!(diary.read(), ["a starts", "b starts", "b stops", "a stops"]);
}

#[tokio::test]
async fn a_failed_start_stops_what_had_started_and_names_the_service() {
    let diary = Diary::default();
    let error = Entrypoint::new("test")
        .service(steady("a", &diary))
        .service(steady("b", &diary))
        .service(service("c", |_: Context| async {
            tokio::task::yield_now().await;
            Err("no such table")
        }))
        .start()
        .await
        .unwrap_err();
    assert!(error.is_start());
    assert_eq!(error.to_string(), "service `c` did not start: no such table");
    assert_eq!(diary.read(), ["a starts", "b starts", "b stops", "a stops"]);
}

#[tokio::test]
async fn a_panic_in_start_is_a_failed_start() {
    let error = Entrypoint::new("test")
        .service(service("c", |cx: Context| async move { assert_eq!(cx.service(), "other", "wrong name") }))
        .start()
        .await
        .unwrap_err();
    assert!(error.is_start());
    assert!(
        error.to_string().contains("it panicked: ") && error.to_string().contains("wrong name"),
        "{error}"
    );
}

#[tokio::test]
async fn a_start_that_never_ends_is_cut_off_when_another_fails() {
    let error = Entrypoint::new("test")
        .service(service("hangs", |_: Context| pending::<()>()))
        .service(service("fails", |_: Context| async { Err("no") }))
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.service(), Some("fails"));
}

#[tokio::test]
async fn a_service_that_fails_after_it_was_ready_is_noticed() {
    let mut running = Entrypoint::new("test")
        .service(service("worker", |cx: Context| async move {
            cx.ready();
            tokio::task::yield_now().await;
            Err("the queue is gone")
        }))
        .start()
        .await
        .unwrap();
    let error = running.failed().await;
    assert!(error.is_service());
    assert_eq!(error.to_string(), "service `worker` failed: the queue is gone");
    running.stop().await.unwrap();
}

#[test]
fn a_service_that_fails_ends_run_until() {
    let failing = service("worker", |cx: Context| async move {
        cx.ready();
        Err("the queue is gone")
    });
    let error = Entrypoint::new("test").service(failing).run_until(pending::<()>()).unwrap_err();
    assert!(error.is_service());
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test]
async fn a_service_that_does_not_heed_stopping_is_cut_at_once() {
    let idle = service("idle", |cx: Context| async move {
        cx.ready();
        pending::<()>().await;
    });
    let running = Entrypoint::new("test").service(idle).start().await.unwrap();
    let began = Instant::now();
    running.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "half the grace has passed");
}

#[tokio::test(start_paused = true)]
async fn work_under_way_is_finished_within_the_grace() {
    let diary = Diary::default();
    let pen = diary.clone();
    let worker = service("worker", move |cx: Context| {
        let pen = pen.clone();
        async move {
            cx.spawn(async move {
                sleep(Duration::from_secs(3)).await;
                pen.write("done");
            })
            .detach();
        }
    });
    let running = Entrypoint::new("test").service(worker).start().await.unwrap();
    running.stop().await.unwrap();
    assert_eq!(diary.read(), ["done"]);
}

#[tokio::test(start_paused = true)]
async fn work_that_outlasts_the_grace_is_cut_off_and_blamed() {
    let worker = service("worker", |cx: Context| async move { cx.spawn(pending::<()>()).detach() });
    let grace = Duration::from_secs(4);
    let running = Entrypoint::new("test").shutdown_grace(grace).service(worker).start().await.unwrap();
    let began = Instant::now();
    let error = running.stop().await.unwrap_err();
    assert!(error.is_drain());
    assert_eq!(error.exit_code(), 70);
    assert_eq!(error.service(), Some("worker"));
    assert_eq!(began.elapsed().as_secs(), grace.as_secs());
}

#[tokio::test(start_paused = true)]
async fn background_tasks_are_cancelled_when_the_service_stops() {
    let worker = service("worker", |cx: Context| async move { cx.background(pending::<()>()).detach() });
    let running = Entrypoint::new("test").service(worker).start().await.unwrap();
    let began = Instant::now();
    running.stop().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_failing_stop_does_not_keep_the_others_from_theirs() {
    struct Stubborn;
    impl Service for Stubborn {
        async fn start(&mut self, _: &Context) -> Result {
            Ok(())
        }
        async fn stop(&mut self, _: &Context) -> Result {
            Err("will not".into())
        }
    }
    let diary = Diary::default();
    let running =
        Entrypoint::new("test").service(steady("a", &diary)).service(Stubborn).start().await.unwrap();
    let error = running.stop().await.unwrap_err();
    assert_eq!(error.to_string(), "service `Stubborn` failed: will not");
    assert_eq!(diary.read(), ["a starts", "a stops"]);
}

#[tokio::test]
async fn services_of_one_name_are_numbered() {
    let nothing = || service("twin", |_: Context| async {});
    let running = Entrypoint::new("test").service(nothing()).service(nothing()).start().await.unwrap();
    let mut names: Vec<_> = running.services().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, ["twin", "twin-2"]);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_run_leaves_no_task() {
    let diary = Diary::default();
    let running = Entrypoint::new("test").service(steady("dropped-run", &diary)).start().await.unwrap();
    drop(running);
    let left = || mainspring_task::all_tasks().iter().any(|task| task.service() == Some("dropped-run"));
    while left() {
        tokio::task::yield_now().await;
    }
}

fn output_of(runtime: Runtime) -> &'static str {
    let nothing = service("nothing", |_: Context| async {});
    Entrypoint::new("test").runtime(runtime).workers(2).service(nothing).run_until(async { "out" }).unwrap()
}

#[test]
fn run_until_gives_the_output_on_the_shared_runtime() {
    assert_eq!(output_of(Runtime::Shared), "out");
}

#[test]
fn run_until_gives_the_output_per_core() {
    assert_eq!(output_of(Runtime::PerCore), "out");
}

#[test]
fn run_until_gives_the_output_on_the_current_thread() {
    assert_eq!(output_of(Runtime::Current), "out");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_cut_cleans_up_before_stop_is_called() {
    use mainspring_task::cancel::finally;

    struct Careful(Diary);
    impl Service for Careful {
        async fn start(&mut self, cx: &Context) -> Result {
            cx.ready();
            let diary = self.0.clone();
            let cleanup = async move {
                sleep(Duration::from_secs(1)).await;
                diary.write("cleaned up");
            };
            finally(pending::<()>(), cleanup).await;
            Ok(())
        }
        async fn stop(&mut self, _: &Context) -> Result {
            self.0.write("stopped");
            Ok(())
        }
    }
    let diary = Diary::default();
    Entrypoint::new("test").service(Careful(diary.clone())).start().await.unwrap().stop().await.unwrap();
    assert_eq!(diary.read(), ["cleaned up", "stopped"]);
}

#[tokio::test(start_paused = true)]
async fn work_that_is_cut_off_cleans_up_first() {
    use mainspring_task::cancel::finally;

    let diary = Diary::default();
    let pen = diary.clone();
    let worker = service("worker", move |cx: Context| {
        let pen = pen.clone();
        async move {
            let cleanup = async move {
                sleep(Duration::from_secs(1)).await;
                pen.write("cleaned up");
            };
            cx.spawn(finally(pending::<()>(), cleanup)).detach();
        }
    });
    let running = Entrypoint::new("test").service(worker).start().await.unwrap();
    tokio::task::yield_now().await;
    assert!(running.stop().await.unwrap_err().is_drain());
    assert_eq!(diary.read(), ["cleaned up"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_takes_too_long_fails_and_names_who_is_late() {
    let diary = Diary::default();
    let began = Instant::now();
    let error = Entrypoint::new("test")
        .start_within(Duration::from_secs(7))
        .service(steady("a", &diary))
        .service(service("late", |_: Context| pending::<()>()))
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "service `late` did not start: it was not ready within 7s");
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert_eq!(diary.read(), ["a starts", "a stops"]);
}
