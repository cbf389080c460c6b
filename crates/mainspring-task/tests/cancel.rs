//! How a request travels: through nested guards, branches, boxes, time-outs and awaited tasks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, pending};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use mainspring_task::cancel::{
    Exit, cancelled, catch_cancel, finally, rescued, shield, uncancellable, with_resource,
};
use mainspring_task::time::{timeout, timeout_hard};
use mainspring_task::{Shared, Task, current_task, spawn, task};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

#[derive(Clone)]
struct Diary(Shared<Vec<&'static str>>);

impl Diary {
    fn new() -> Self {
        Diary(Shared::new(Vec::new()))
    }

    fn write(&self, line: &'static str) {
        self.0.update(|lines| lines.push(line));
    }

    /// A cleanup that awaits before it writes.
    fn later(&self, line: &'static str) -> impl Future<Output = ()> + Send + 'static {
        let diary = self.clone();
        async move {
            sleep(Duration::from_millis(10)).await;
            diary.write(line);
        }
    }

    fn read(&self) -> Vec<&'static str> {
        self.0.get()
    }
}

/// Lets the task run until it waits, cancels it, and waits for its end.
async fn cancel<T: Send + 'static>(task: Task<T>) -> Result<T, mainspring_task::TaskError> {
    yield_now().await;
    task.cancel();
    task.await
}

#[tokio::test(start_paused = true)]
async fn cleanup_ends_before_the_awaiter_resumes() {
    let diary = Diary::new();
    let task = spawn(finally(pending::<()>(), diary.later("cleaned")));
    assert!(cancel(task).await.unwrap_err().is_cancelled());
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn cleanup_runs_after_a_value() {
    let diary = Diary::new();
    assert_eq!(spawn(finally(async { 5 }, diary.later("cleaned"))).await.unwrap(), 5);
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn cleanup_runs_after_a_panic_which_goes_on() {
    let diary = Diary::new();
    let error = spawn(finally(async { panic!("boom") }, diary.later("cleaned"))).await.unwrap_err();
    assert_eq!(error.panic_message(), Some("boom"));
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn nested_cleanups_run_from_the_inside_out() {
    let diary = Diary::new();
    let inner = finally(pending::<()>(), diary.later("inner"));
    let task = spawn(finally(inner, diary.later("outer")));
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["inner", "outer"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_after_the_await_runs() {
    let diary = Diary::new();
    let pen = diary.clone();
    let task = spawn(async move {
        finally(pending::<()>(), pen.later("cleaned")).await;
        pen.write("after");
    });
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn guards_in_both_branches_of_a_join_run() {
    let diary = Diary::new();
    let (one, two) = (diary.later("one"), diary.later("two"));
    let task =
        spawn(async move { tokio::join!(finally(pending::<()>(), one), finally(pending::<()>(), two)) });
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_guard_below_select_is_reached() {
    let diary = Diary::new();
    let cleanup = diary.later("cleaned");
    let task = spawn(async move {
        tokio::select! {
            () = finally(pending::<()>(), cleanup) => {}
            () = sleep(Duration::from_secs(1000)) => {}
        }
    });
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn guards_below_futures_unordered_are_reached() {
    let diary = Diary::new();
    let group: FuturesUnordered<_> = ["one", "two", "three"]
        .map(|name| Box::pin(finally(pending::<()>(), diary.later(name))))
        .into_iter()
        .collect();
    let task = spawn(group.collect::<Vec<()>>());
    cancel(task).await.unwrap_err();
    let mut lines = diary.read();
    lines.sort_unstable();
    assert_eq!(lines, ["one", "three", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_guard_below_a_box_and_two_timeouts_is_reached() {
    let diary = Diary::new();
    let inner = finally(pending::<()>(), diary.later("cleaned"));
    let long = Duration::from_secs(1000);
    let boxed: std::pin::Pin<Box<dyn Future<Output = _> + Send>> =
        Box::pin(timeout(long, timeout(long, inner)));
    cancel(spawn(boxed)).await.unwrap_err();
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_timed_out_body_cleans_up_before_the_caller_sees_it() {
    let diary = Diary::new();
    let began = Instant::now();
    let limited = timeout(Duration::from_secs(1), finally(pending::<()>(), diary.later("cleaned")));
    assert!(limited.await.is_err());
    assert_eq!(diary.read(), ["cleaned"]);
    assert_eq!(began.elapsed(), Duration::from_millis(1010));
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_never_polled_again_is_reached_by_a_timeout_of_its_first_poll() {
    let diary = Diary::new();
    let guard = Box::pin(finally(pending::<()>(), diary.later("cleaned up")));
    let mut guards: FuturesUnordered<_> = [guard].into_iter().collect();
    // Stands in the time-out since its first poll, and is polled again when it is woken only.
    let limited = timeout(Duration::from_secs(1), async move { guards.next().await });
    assert!(spawn(limited).await.unwrap().is_err());
    assert_eq!(diary.read(), ["cleaned up"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_in_its_first_poll_leaves_the_scopes_around_it_as_they_were() {
    let diary = Diary::new();
    let task = spawn({
        let diary = diary.clone();
        async move {
            let falls = timeout(Duration::from_secs(9), async {
                timeout(Duration::from_secs(9), yield_now()).now_or_never();
                panic!("on purpose");
            });
            assert!(std::panic::AssertUnwindSafe(falls).catch_unwind().await.is_err());
            finally(pending::<()>(), diary.later("after")).await;
        }
    });
    sleep(Duration::from_secs(1)).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(diary.read(), ["after"]);
}

#[tokio::test(start_paused = true)]
async fn the_inner_timeout_leaves_the_outer_one_alone() {
    let limited = timeout(Duration::from_secs(5), async {
        let inner = timeout(Duration::from_secs(1), pending::<()>()).await;
        assert!(inner.is_err());
        sleep(Duration::from_secs(1)).await;
        7
    });
    assert_eq!(limited.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_outer_timeout_goes_through_the_inner_one() {
    let diary = Diary::new();
    let pen = diary.clone();
    let outer = timeout(Duration::from_secs(1), async move {
        let inner = timeout(Duration::from_secs(5), finally(pending::<()>(), pen.later("cleaned"))).await;
        pen.write("the inner one fired");
        inner
    });
    assert!(outer.await.is_err());
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn timeouts_that_expire_together_both_report() {
    let second = Duration::from_secs(1);
    let outer = timeout(second, async move {
        let _ = timeout(second, finally(pending::<()>(), sleep(Duration::from_secs(3)))).await;
        pending::<()>().await;
    });
    assert!(outer.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_caught_cancellation_is_over() {
    let task = spawn(async {
        let caught = catch_cancel(pending::<()>()).await.is_err();
        sleep(Duration::from_secs(1)).await;
        (caught, current_task().unwrap().info().cancelling)
    });
    assert_eq!(cancel(task).await.unwrap(), (true, false));
}

#[tokio::test(start_paused = true)]
async fn a_caught_cancellation_can_be_resumed() {
    let task = spawn(async {
        let caught = catch_cancel(pending::<()>()).await.unwrap_err();
        caught.resume().await;
    });
    yield_now().await;
    task.cancel_with("the reason");
    assert_eq!(task.await.unwrap_err().reason().unwrap().as_str(), "the reason");
}

#[tokio::test(start_paused = true)]
async fn a_resumed_time_out_ends_its_body_only() {
    let task = spawn(async {
        let late = timeout(Duration::from_secs(1), async {
            let caught = catch_cancel(pending::<()>()).await.unwrap_err();
            caught.resume().await;
        });
        assert!(late.await.is_err());
        sleep(Duration::from_secs(1)).await;
        "goes on"
    });
    assert_eq!(task.await.unwrap(), "goes on");
}

#[tokio::test(start_paused = true)]
async fn a_time_out_can_be_resumed_a_while_later() {
    let task = spawn(async {
        let late = timeout(Duration::from_secs(1), async {
            let caught = catch_cancel(pending::<()>()).await.unwrap_err();
            sleep(Duration::from_secs(5)).await;
            caught.resume().await;
        });
        late.await.is_err()
    });
    assert!(task.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_caught_one_cancellation_ends_at_the_next() {
    let task = spawn(async {
        let _ = catch_cancel(pending::<()>()).await;
        pending::<()>().await;
    });
    yield_now().await;
    task.cancel();
    yield_now().await;
    assert!(cancel(task).await.unwrap_err().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_catches_its_timeout_has_its_value_returned() {
    let limited = timeout(Duration::from_secs(1), async {
        cancelled().await;
        sleep(Duration::from_secs(1)).await;
        "anyway"
    });
    assert_eq!(limited.await.unwrap(), "anyway");
}

#[tokio::test(start_paused = true)]
async fn an_uncancellable_body_ends_first() {
    let diary = Diary::new();
    let pen = diary.clone();
    let task = spawn(async move {
        uncancellable(pen.later("ended")).await;
        yield_now().await;
        pen.write("after");
    });
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["ended"]);
}

#[tokio::test(start_paused = true)]
async fn an_awaited_task_is_cancelled_too_and_waited_for() {
    let diary = Diary::new();
    let inner = spawn(finally(pending::<()>(), diary.later("inner")));
    let outer = spawn(finally(async { inner.await.unwrap_err() }, diary.later("outer")));
    yield_now().await;
    cancel(outer).await.unwrap_err();
    assert_eq!(diary.read(), ["inner", "outer"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_awaited_once_and_no_longer_polled_does_not_hold_the_end_up() {
    let task = spawn(async {
        let mut inner = spawn(pending::<()>());
        tokio::select! {
            biased;
            _ = &mut inner => {}
            () = yield_now() => {}
        }
        pending::<()>().await;
    });
    yield_now().await;
    yield_now().await;
    let began = Instant::now();
    cancel(task).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_awaited_task_that_catches_the_request_catches_it_for_its_awaiter() {
    let inner = spawn(async {
        let _ = catch_cancel(pending::<()>()).await;
        sleep(Duration::from_secs(60)).await;
        7
    });
    let outer = spawn(async { inner.await.unwrap() });
    yield_now().await;
    yield_now().await;
    outer.cancel();
    sleep(Duration::from_secs(1)).await;
    assert!(!outer.reference().info().cancelling);
    assert_eq!(outer.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_shielded_task_goes_on() {
    let diary = Diary::new();
    let inner = spawn(diary.later("done"));
    let reference = inner.reference();
    cancel(spawn(shield(inner))).await.unwrap_err();
    assert!(!reference.info().cancelling);
    diary.0.until(|lines| lines == &["done"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_cancel_drops_the_cleanup() {
    let diary = Diary::new();
    let task = spawn(finally(pending::<()>(), diary.later("cleaned")));
    yield_now().await;
    task.cancel();
    yield_now().await;
    assert!(cancel(task).await.unwrap_err().is_cancelled());
    rescued().await;
    assert!(diary.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_the_cleanup() {
    let diary = Diary::new();
    let task = spawn(finally(pending::<()>(), diary.later("cleaned")));
    yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    rescued().await;
    assert!(diary.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cleanup_is_cut_off_at_the_end_of_the_grace() {
    let grace = Duration::from_secs(3);
    let task = task::Builder::new().grace(grace).spawn(finally(pending::<()>(), pending()));
    let began = Instant::now();
    cancel(task).await.unwrap_err();
    assert_eq!(began.elapsed(), grace);
}

#[tokio::test(start_paused = true)]
async fn the_guard_that_holds_a_cancellation_is_named() {
    let task = spawn(finally(pending::<()>(), pending()));
    yield_now().await;
    task.cancel();
    yield_now().await;
    let info = task.reference().info();
    assert!(info.cancelling);
    assert_eq!(info.held_by[0].guard, "finally");
    assert!(info.held_by[0].place.file().ends_with("tests/cancel.rs"));
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_guard_dropped_by_select_is_rescued() {
    let diary = Diary::new();
    tokio::select! {
        biased;
        () = finally(pending(), diary.later("cleaned")) => {}
        () = async {} => {}
    }
    rescued().await;
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_was_never_polled_has_nothing_to_clean_up() {
    let diary = Diary::new();
    drop(finally(async {}, diary.later("cleaned")));
    rescued().await;
    assert!(diary.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hard_timeout_leaves_the_cleanup_to_a_rescue_task() {
    let diary = Diary::new();
    let began = Instant::now();
    let limited = timeout_hard(Duration::from_secs(1), finally(pending::<()>(), diary.later("cleaned")));
    assert!(limited.await.is_err());
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    rescued().await;
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_cleanup_works() {
    let diary = Diary::new();
    let pen = diary.clone();
    let cleanup = async move {
        let late = timeout(Duration::from_secs(1), pending::<()>()).await.is_err();
        pen.write(if late { "timed out" } else { "not" });
    };
    cancel(spawn(finally(pending::<()>(), cleanup))).await.unwrap_err();
    assert_eq!(diary.read(), ["timed out"]);
}

#[tokio::test(start_paused = true)]
async fn guards_work_outside_of_a_task() {
    let diary = Diary::new();
    let limited = timeout(Duration::from_secs(1), finally(pending::<()>(), diary.later("cleaned")));
    assert!(limited.await.is_err());
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_guard_moved_out_of_a_timeout_goes_on_elsewhere() {
    let diary = Diary::new();
    let cleanup = diary.later("cleaned");
    let task = spawn(async move {
        let mut guard = Box::pin(finally(pending::<()>(), cleanup));
        tokio::select! {
            biased;
            _ = timeout(Duration::from_secs(50), &mut guard) => {}
            () = yield_now() => {}
        }
        guard.await;
    });
    yield_now().await;
    yield_now().await;
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["cleaned"]);
}

async fn exit_of(body: impl Future<Output = Result<u8, String>> + Send + 'static, cancel_it: bool) -> Exit {
    let (tell, told) = tokio::sync::oneshot::channel();
    let release = move |(), exit| async move {
        yield_now().await;
        tell.send(exit).unwrap();
        Ok(())
    };
    let task = spawn(with_resource(async { Ok(()) }, async move |(): &mut ()| body.await, release));
    yield_now().await;
    if cancel_it {
        task.cancel_with("enough");
    }
    let _ = task.await;
    told.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_release_sees_a_value() {
    assert_eq!(exit_of(async { Ok(1) }, false).await, Exit::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_release_sees_an_error() {
    assert_eq!(exit_of(async { Err("no".to_owned()) }, false).await, Exit::Err("no".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_release_sees_a_panic() {
    assert_eq!(exit_of(async { panic!("boom") }, false).await, Exit::Panicked("boom".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_release_sees_a_cancellation() {
    assert_eq!(exit_of(pending(), true).await, Exit::Cancelled(Some("enough".into())));
}

#[tokio::test(start_paused = true)]
async fn a_release_runs_when_the_whole_is_dropped() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let release = |(), exit| async move {
        tell.send(exit).unwrap();
        Ok::<_, String>(())
    };
    tokio::select! {
        biased;
        _ = with_resource(async { Ok(()) }, async |(): &mut ()| pending::<Result<(), String>>().await, release) => {}
        () = async {} => {}
    }
    assert_eq!(told.await.unwrap(), Exit::Dropped);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_out_of_time_is_a_time_out_and_not_an_outcome() {
    let limited = timeout(Duration::from_secs(1), spawn(pending::<()>()));
    assert!(limited.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_after_the_await_of_a_cancelled_task_runs() {
    let diary = Diary::new();
    let (pen, slow) = (diary.clone(), diary.later("cleaned"));
    let task = spawn(async move {
        let quick = async {
            let _ = spawn(pending::<()>()).await;
            pen.write("after");
        };
        tokio::join!(quick, finally(pending::<()>(), slow))
    });
    cancel(task).await.unwrap_err();
    assert_eq!(diary.read(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_made_way_for_a_caught_cancellation_gives_its_outcome_later() {
    let outer = spawn(async {
        let mut inner = spawn(pending::<()>());
        catch_cancel(&mut inner).await.unwrap_err();
        inner.await.unwrap_err().is_cancelled()
    });
    assert!(cancel(outer).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_release_can_await_the_task_that_made_way() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let release = move |inner: Task<()>, _exit| async move {
        tell.send(inner.await.unwrap_err().is_cancelled()).unwrap();
        Ok::<_, String>(())
    };
    let body = async |inner: &mut Task<()>| inner.await.map_err(|error| error.to_string());
    let outer = spawn(with_resource(async { Ok(spawn(pending::<()>())) }, body, release));
    cancel(outer).await.unwrap_err();
    assert!(told.await.unwrap());
}
