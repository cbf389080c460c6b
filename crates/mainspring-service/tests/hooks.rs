//! Hooks, plugins, groups and drain guards.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_service::service::Configure;
use mainspring_service::{Context, Entrypoint, service};
use mainspring_task::Shared;

fn diary() -> Shared<Vec<&'static str>> {
    Shared::new(Vec::new())
}

#[tokio::test]
async fn hooks_run_around_the_start_and_the_stop() {
    let diary = diary();
    let write = |line| {
        let diary = diary.clone();
        move || async move { diary.update(|lines| lines.push(line)) }
    };
    let pen = diary.clone();
    let steady = service("steady", move |cx: Context| {
        let pen = pen.clone();
        async move {
            pen.update(|lines| lines.push("up"));
            cx.ready();
            cx.stopping().wait().await;
            pen.update(|lines| lines.push("down"));
        }
    });
    let entrypoint = Entrypoint::new("test")
        .service(steady)
        .after_stop(write("after stop"))
        .before_stop(write("before stop"))
        .after_start(write("after start"))
        .before_start(write("before start"));
    entrypoint.start().await.unwrap().stop().await.unwrap();
    assert_eq!(diary.get(), ["before start", "up", "after start", "before stop", "down", "after stop"]);
}

#[tokio::test]
async fn a_failing_hook_before_the_start_keeps_services_from_starting() {
    let started = Shared::new(false);
    let flag = started.clone();
    let error = Entrypoint::new("test")
        .service(service("late", move |_: Context| {
            flag.set(true);
            async {}
        }))
        .before_start(|| async { Err("no licence") })
        .start()
        .await
        .unwrap_err();
    assert!(error.is_start() && error.to_string().ends_with("did not start: no licence"), "{error}");
    assert!(!started.get());
}

#[tokio::test]
async fn a_failing_hook_later_does_no_harm() {
    let entrypoint =
        Entrypoint::new("test").after_start(|| async { Err("no") }).before_stop(|| async { Err("no") });
    entrypoint.start().await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn services_of_a_group_share_a_thread_of_their_own() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let look = |name: &str| {
        let seen = Arc::clone(&seen);
        service(name, move |cx: Context| {
            let seen = Arc::clone(&seen);
            async move {
                let here = || std::thread::current().name().unwrap_or_default().to_owned();
                let spawned = cx.spawn(async move { here() }).await?;
                seen.lock().unwrap().extend([here(), spawned]);
                Ok::<_, mainspring_service::BoxError>(())
            }
        })
    };
    let entrypoint =
        Entrypoint::new("test").service(look("one").group("admin")).service(look("two").group("admin"));
    entrypoint.start().await.unwrap().stop().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["admin"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_guard_is_waited_for() {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let keeper = service("keeper", move |cx: Context| {
        *keep.lock().unwrap() = Some(cx.drain());
        async {}
    });
    let running = Entrypoint::new("test").service(keeper).start().await.unwrap();
    let began = tokio::time::Instant::now();
    let let_go = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        kept.lock().unwrap().take();
    };
    let (stopped, ()) = tokio::join!(running.stop(), let_go);
    stopped.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_drain_guard_that_is_kept_is_blamed_at_the_end_of_the_grace() {
    let keeper = service("keeper", |cx: Context| async move { std::mem::forget(cx.drain()) });
    let running = Entrypoint::new("test").service(keeper).start().await.unwrap();
    let error = running.stop().await.unwrap_err();
    assert!(error.is_drain());
    assert_eq!(error.service(), Some("keeper"));
}

#[test]
fn a_hook_hears_a_signal_of_the_users_choice() {
    use tokio::signal::unix::SignalKind;

    let heard = Shared::new(0);
    let (count, watch) = (heard.clone(), heard.clone());
    let run = Entrypoint::new("test")
        .on_signal(SignalKind::user_defined1(), move || {
            count.update(|count| *count += 1);
            async {}
        })
        .run_until(async move {
            let pid = std::process::id().to_string();
            // The hook listens when the services are ready, so one that comes now is heard.
            let kill = std::process::Command::new("kill").args(["-USR1", &pid]).status();
            assert!(kill.is_ok_and(|status| status.success()));
            watch.until(|count| *count > 0).await
        });
    assert_eq!(run.unwrap(), 1);
}
