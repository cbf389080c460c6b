//! The order that services learn from what they give each other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod diary;

use std::time::Duration;

use mainspring_service::service::{Configure, Status};
use mainspring_service::{BoxError, Context, Entrypoint, Result, Service, service};
use tokio::time::{Instant, sleep};

use diary::Diary;

/// A log that is written down line by line.
impl std::io::Write for Diary {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        Diary::write(self, String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

struct Pool;

/// Provides a pool, or requires one, and writes down when it starts and stops.
struct Part {
    name: &'static str,
    provides: bool,
    diary: Diary,
}

impl Service for Part {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn start(&mut self, cx: &Context) -> Result {
        if self.provides {
            sleep(Duration::from_secs(1)).await;
            cx.provide(Pool);
        } else {
            cx.require::<Pool>().await?;
        }
        self.diary.write(format!("{} is up", self.name));
        cx.ready();
        cx.stopping().wait().await;
        self.diary.write(format!("{} drains", self.name));
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result {
        self.diary.write(format!("{} is down", self.name));
        Ok(())
    }
}

fn part(name: &'static str, provides: bool, diary: &Diary) -> Part {
    Part { name, provides, diary: diary.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_requirer_starts_after_its_provider_and_stops_before_it() {
    let diary = Diary::default();
    let entrypoint =
        Entrypoint::new("test").service(part("web", false, &diary)).service(part("db", true, &diary));
    entrypoint.start().await.unwrap().stop().await.unwrap();
    assert_eq!(
        diary.read(),
        ["db is up", "web is up", "web drains", "web is down", "db drains", "db is down"]
    );
}

#[tokio::test(start_paused = true)]
async fn after_starts_it_after_and_stops_it_before() {
    let diary = Diary::default();
    let pen = diary.clone();
    let late = service("late", move |cx: Context| {
        let pen = pen.clone();
        async move {
            pen.write("late is up");
            cx.ready();
            cx.stopping().wait().await;
            pen.write("late drains");
        }
    });
    let entrypoint = Entrypoint::new("test").service(late.after("db")).service(part("db", true, &diary));
    entrypoint.start().await.unwrap().stop().await.unwrap();
    assert_eq!(diary.read(), ["db is up", "late is up", "late drains", "db drains", "db is down"]);
}

#[tokio::test]
async fn a_service_after_one_that_does_not_exist_is_an_error_that_names_both() {
    let lost = service("lost", |_: Context| async {}).after("nowhere");
    let error = Entrypoint::new("test").service(lost).start().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "service `lost` did not start: it is to start after `nowhere`, and there is no such service; there are `lost`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_requirement_that_nobody_can_meet_fails_at_once_and_says_so() {
    let began = Instant::now();
    let needy = service("needy", |cx: Context| async move { cx.require::<Pool>().await.map(drop) });
    let error = Entrypoint::new("test").service(needy).start().await.unwrap_err().to_string();
    assert!(
        error.contains("it waits for `order::Pool` (at crates/mainspring-service/tests/order.rs:"),
        "{error}"
    );
    assert!(error.ends_with("), and nobody is left who could provide it"), "{error}");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

struct One;
struct Two;

fn one() -> impl Service {
    service("one", |cx: Context| async move {
        cx.require::<Two>().await?;
        cx.provide(One);
        Ok::<_, BoxError>(())
    })
}

fn two() -> impl Service {
    service("two", |cx: Context| async move {
        cx.require::<One>().await?;
        cx.provide(Two);
        Ok::<_, BoxError>(())
    })
}

#[tokio::test(start_paused = true)]
async fn a_cycle_fails_within_the_bound_and_names_who_waits_for_what() {
    let began = Instant::now();
    let entrypoint = Entrypoint::new("test").require_within(Duration::from_secs(3));
    let error = entrypoint.service(one()).service(two()).start().await.unwrap_err().to_string();
    assert!(error.contains("Two`") && error.contains("One`"), "{error}");
    assert!(error.contains("`one` waits for") || error.contains("`two` waits for"), "{error}");
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_cycle_is_told_of_at_once() {
    let log = Diary::default();
    let pen = log.clone();
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || pen.clone()).finish();
    let guard = tracing::subscriber::set_default(lines);
    let starting = Entrypoint::new("test").service(one()).service(two()).start();
    let early = tokio::time::timeout(Duration::from_millis(1), starting).await;
    drop(guard);
    assert!(early.is_err());
    let told: Vec<_> = log.read().into_iter().filter(|line| line.contains("wait, and nobody else")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("`one` waits for") && told[0].contains("`two` waits for"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cycle_ends_when_one_waiter_has_a_time_out_of_its_own() {
    let hasty = service("hasty", |cx: Context| async move {
        let early = tokio::time::timeout(Duration::from_secs(1), cx.require::<Two>()).await;
        assert!(early.is_err(), "its own time-out comes first");
        cx.provide(One);
    });
    let began = Instant::now();
    let running = Entrypoint::new("test").service(hasty).service(two()).start().await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_task_of_a_service_that_has_ended_provides_is_waited_for() {
    let setup = service("setup", |cx: Context| async move {
        let later = cx.clone();
        cx.spawn(async move {
            sleep(Duration::from_secs(1)).await;
            later.provide(One);
        })
        .detach();
    });
    let running = Entrypoint::new("test").service(setup).service(two()).start().await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_requirement_fails_when_the_last_task_that_could_have_met_it_ends() {
    let began = Instant::now();
    let setup = service("setup", |cx: Context| async move {
        cx.spawn(sleep(Duration::from_secs(1))).detach();
    });
    let error = Entrypoint::new("test").service(setup).service(two()).start().await.unwrap_err().to_string();
    assert!(error.ends_with("nobody is left who could provide it"), "{error}");
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_requirement_that_does_not_come_fails_within_the_bound_and_names_who_could_have() {
    let began = Instant::now();
    let needy = service("needy", |cx: Context| async move { cx.require::<Pool>().await.map(drop) });
    let idle = service("idle", |cx: Context| async move {
        cx.ready();
        cx.stopping().wait().await;
    });
    let entrypoint =
        Entrypoint::new("test").require_within(Duration::from_secs(3)).service(needy).service(idle);
    let error = entrypoint.start().await.unwrap_err().to_string();
    assert!(error.ends_with("it did not come within 3s; `idle` could still have provided it"), "{error}");
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn the_time_out_of_one_waiter_does_not_hurt_another() {
    let hasty = service("hasty", |cx: Context| async move {
        let early = tokio::time::timeout(Duration::from_millis(10), cx.require::<Pool>()).await;
        assert!(early.is_err());
    });
    let diary = Diary::default();
    let entrypoint = Entrypoint::new("test")
        .service(hasty)
        .service(part("web", false, &diary))
        .service(part("db", true, &diary));
    entrypoint.start().await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn named_values_of_one_type_are_told_apart() {
    let numbers = service("numbers", |cx: Context| async move {
        cx.provide_named("small", 1_u32);
        cx.provide_named("large", 1000_u32);
    });
    let user = service("user", |cx: Context| async move {
        assert_eq!(
            (*cx.require_named::<u32>("small").await?, *cx.require_named::<u32>("large").await?),
            (1, 1000)
        );
        Ok::<_, BoxError>(())
    });
    Entrypoint::new("test").service(user).service(numbers).start().await.unwrap().stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_provider_still_works_while_its_requirer_drains() {
    let server = service("server", |cx: Context| async move {
        let (ask, mut asked) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<u8>>(1);
        cx.provide(ask);
        cx.ready();
        let stopping = cx.stopping();
        loop {
            tokio::select! {
                () = stopping.wait() => return,
                Some(answer) = asked.recv() => answer.send(7).unwrap(),
            }
        }
    });
    let client = service("client", |cx: Context| async move {
        let ask = cx.require::<tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<u8>>>().await?;
        cx.ready();
        cx.stopping().wait().await;
        let (tell, told) = tokio::sync::oneshot::channel();
        ask.send(tell).await?;
        assert_eq!(told.await?, 7);
        Ok::<_, BoxError>(())
    });
    Entrypoint::new("test").service(client).service(server).start().await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn the_states_of_services_can_be_watched() {
    let fussy = service("fussy", |cx: Context| async move {
        cx.ready();
        cx.degraded("the cache is cold");
        cx.stopping().wait().await;
    });
    let running = Entrypoint::new("test").service(fussy).start().await.unwrap();
    let overview = running.overview().clone();
    assert_eq!(overview.status("fussy"), Some(Status::Degraded("the cache is cold".into())));
    assert!(!overview.is_ready());
    running.stop().await.unwrap();
    assert_eq!(overview.status("fussy"), Some(Status::Stopped));
    assert_eq!(overview.status("nobody"), None);
}

#[tokio::test]
async fn the_process_is_ready_when_all_but_optional_services_are() {
    let fine = service("fine", |_: Context| async {});
    let poor = service("poor", |cx: Context| async move {
        cx.ready();
        cx.degraded("as always");
    });
    let running = Entrypoint::new("test").service(fine).service(poor.optional()).start().await.unwrap();
    let overview = running.overview().clone();
    assert!(overview.is_ready());
    running.stop().await.unwrap();
    assert!(!overview.is_ready());
}

#[tokio::test]
async fn health_checks_are_asked() {
    let checked = service("checked", |cx: Context| async move {
        cx.health_check("fine", || async { Ok(()) });
        cx.health_check("disk", || async { Err("full".into()) });
    });
    let running = Entrypoint::new("test").service(checked).start().await.unwrap();
    let problems: Vec<_> =
        running.overview().check().await.into_iter().map(|check| (check.name, check.problem)).collect();
    assert_eq!(problems, [("fine".into(), None), ("disk".into(), Some("full".to_owned()))]);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_process_goes_on_for_the_pre_stop_delay_and_is_not_ready() {
    let steady = service("steady", |cx: Context| async move {
        cx.ready();
        cx.stopping().wait().await;
    });
    let delay = Duration::from_secs(5);
    let running = Entrypoint::new("test").pre_stop_delay(delay).service(steady).start().await.unwrap();
    let (overview, began) = (running.overview().clone(), Instant::now());
    let seen = async {
        sleep(Duration::from_secs(1)).await;
        (overview.is_ready(), overview.status("steady"))
    };
    let (stopped, seen) = tokio::join!(running.stop(), seen);
    stopped.unwrap();
    assert_eq!(seen, (false, Some(Status::Ready)));
    assert_eq!(began.elapsed(), delay);
}
