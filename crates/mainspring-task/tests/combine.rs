//! What the combinators promise beyond the list in `asyncio_conformance`: what is cleaned up, when, and
//! what becomes of the rest.

use std::future::{Future, pending};
use std::time::Duration;

use mainspring_task::cancel::{self, cancelled, finally, rescued, uncancellable};
use mainspring_task::combine::scope::{Failure, Policy, Ready, Scope};
use mainspring_task::time::timeout;
use mainspring_task::{
    Shared, Task, TaskError, Until, all_tasks, as_completed, current_task, gather, gather_settled, race_ok,
    scope, select, spawn, task, wait,
};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

type Log = Shared<Vec<&'static str>>;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn write(log: &Log, line: &'static str) {
    log.update(|lines| lines.push(line));
}

/// Waits for ever; when it is cancelled, takes 10 ms to write a line.
fn guarded(log: &Log, line: &'static str) -> impl Future<Output = ()> + Send + use<> {
    let log = log.clone();
    finally(pending(), async move {
        sleep(Duration::from_millis(10)).await;
        write(&log, line);
    })
}

fn sorted(log: &Log) -> Vec<&'static str> {
    let mut lines = log.get();
    lines.sort_unstable();
    lines
}

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Lets the task run until it waits, cancels it, and waits for its end.
async fn cancel<T: Send + 'static>(task: Task<T>) -> Result<T, TaskError> {
    settle().await;
    task.cancel();
    task.await
}

#[test]
fn everything_can_be_spawned() {
    fn send<T: Send>(_: &T) {}
    send(&gather([async { Ok::<_, TaskError>(1) }]));
    send(&select([async { 1 }]));
    send(&race_ok([async { Ok::<_, u8>(1) }]));
    send(&scope(async |s| {
        s.spawn(async {});
        yield_now().await;
    }));
    send(&wait(Vec::<Task<u8>>::new(), Until::All));
    send(&as_completed(Vec::<Task<u8>>::new()));
}

// ===== gather =====

#[tokio::test]
async fn gather_takes_tuples_up_to_eight() {
    async fn give<T>(value: T) -> Result<T, TaskError> {
        Ok(value)
    }
    let all = (give(1), give("2"), give(3.0), give('4'), give(5), give(()), give([7]), give(Some(8)));
    assert_eq!(gather(all).await.unwrap(), (1, "2", 3.0, '4', 5, (), [7], Some(8)));
    assert_eq!(gather((give(1),)).await.unwrap(), (1,));
}

#[tokio::test]
async fn gather_settled_takes_tuples() {
    let (one, two) = gather_settled((
        spawn(async { 1 }),
        spawn(async {
            if true {
                panic!("boom")
            }
        }),
    ))
    .await;
    assert_eq!(one.unwrap(), 1);
    assert!(two.unwrap_err().is_panic());
}

#[tokio::test]
async fn gathered_children_stand_at_the_place_of_the_call() {
    async fn place() -> Result<String, TaskError> {
        Ok(current_task().unwrap().info().place.to_string())
    }
    let places = gather([place()]).await.unwrap();
    assert!(places[0].contains("tests/combine.rs"), "{}", places[0]);
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_is_dropped_cancels_its_children() {
    let log = Log::new(Vec::new());
    let child = guarded(&log, "cleaned");
    tokio::select! {
        biased;
        _ = gather([async { child.await; Ok::<_, TaskError>(()) }]) => unreachable!(),
        () = settle() => {}
    }
    assert!(log.get().is_empty());
    log.until(|lines| lines == &["cleaned"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_is_cancelled_waits_for_all_even_if_one_panics() {
    let log = Log::new(Vec::new());
    let (slow, bad) = (guarded(&log, "cleaned"), finally(pending(), async { panic!("in cleanup") }));
    let children: [std::pin::Pin<Box<dyn Future<Output = ()> + Send>>; 2] = [Box::pin(bad), Box::pin(slow)];
    let children = children.map(|child| async move {
        child.await;
        Ok::<_, TaskError>(())
    });
    let error = cancel(spawn(gather(children))).await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_gather_all_of_whose_children_consume_the_request_gives_their_values() {
    let stubborn = |value| async move {
        cancelled().await;
        Ok::<_, TaskError>(value)
    };
    assert_eq!(cancel(spawn(gather([stubborn(1), stubborn(2)]))).await.unwrap().unwrap(), [1, 2]);
}

#[tokio::test]
async fn ten_thousand_tasks_are_gathered() {
    let sum: u64 = gather((0..10_000).map(|n| async move {
        yield_now().await;
        Ok::<u64, TaskError>(n)
    }))
    .await
    .unwrap()
    .into_iter()
    .sum();
    assert_eq!(sum, 49_995_000);
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_is_out_of_time_is_a_time_out() {
    let log = Log::new(Vec::new());
    let children = ["one", "two"].map(|line| spawn(guarded(&log, line)));
    assert!(timeout(secs(1), gather_settled(children)).await.is_err());
    assert_eq!(sorted(&log), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn the_siblings_of_a_failed_child_are_neither_cancelled_nor_awaited() {
    let done = Shared::new(false);
    let flag = done.clone();
    let slow = async move {
        sleep(secs(1)).await;
        flag.set(true);
        Ok(())
    };
    let began = Instant::now();
    let failed: Result<((), ()), Failed> = gather((slow, async { Err(Failed) })).await;
    assert!(failed.is_err());
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(done.until(|done| *done).await);
}

#[derive(Debug)]
struct Failed;

impl From<TaskError> for Failed {
    fn from(_: TaskError) -> Self {
        Failed
    }
}

// ===== wait, as_completed =====

#[tokio::test(start_paused = true)]
async fn wait_gives_done_tasks_in_the_order_of_their_end() {
    let tasks = [3, 1, 2].map(|seconds| {
        spawn(async move {
            sleep(secs(seconds)).await;
            seconds
        })
    });
    let mut order = Vec::new();
    for task in wait(tasks, Until::All).await.done {
        order.push(task.await.unwrap());
    }
    assert_eq!(order, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn wait_until_the_first_panic_ignores_values_and_cancellations() {
    let stopped = spawn(pending::<()>());
    stopped.cancel();
    let late = spawn(async {
        sleep(secs(1)).await;
        panic!("boom")
    });
    let waited = wait([spawn(async {}), stopped, late, spawn(pending())], Until::FirstPanic).await;
    assert_eq!((waited.done.len(), waited.pending.len()), (3, 1));
}

#[tokio::test]
async fn wait_for_nothing_takes_no_time() {
    let waited = wait(Vec::<Task<()>>::new(), Until::FirstCompleted).await;
    assert!(waited.done.is_empty() && waited.pending.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pending_task_can_be_waited_for_again() {
    let first = wait([spawn(sleep(secs(5)))], Until::All).timeout(secs(1)).await;
    assert_eq!(first.pending.len(), 1);
    let second = wait(first.pending, Until::All).await;
    assert_eq!(second.done.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn as_completed_with_time_left_ends_without_an_error() {
    let mut outcomes = as_completed([spawn(async { 1 })]).timeout(secs(1));
    assert_eq!(outcomes.next().await.unwrap().unwrap().unwrap(), 1);
    assert!(outcomes.next().await.is_none());
}

#[tokio::test]
async fn as_completed_is_a_stream() {
    use futures_util::StreamExt;
    let outcomes: Vec<_> = as_completed([spawn(async { 1 })]).collect().await;
    assert_eq!(*outcomes[0].as_ref().unwrap(), 1);
}

// ===== select, race_ok =====

#[tokio::test(start_paused = true)]
async fn losers_have_cleaned_up_when_select_returns() {
    let log = Log::new(Vec::new());
    let losers = ["one", "two"].map(|line| spawn(guarded(&log, line)));
    let winner = spawn(sleep(secs(1)));
    let [one, two] = losers;
    let first = select([one, winner, two]).await;
    assert_eq!(first.index, 1);
    assert_eq!(sorted(&log), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_loses_at_once_is_cancelled_too() {
    let log = Log::new(Vec::new());
    let (winner, loser) = (spawn(async {}), spawn(guarded(&log, "cleaned")));
    settle().await;
    assert_eq!(select([winner, loser]).await.index, 0);
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test]
async fn the_first_in_the_input_wins_when_several_are_ready() {
    assert_eq!(select([1, 2, 3].map(std::future::ready)).await.output, 1);
}

#[tokio::test(start_paused = true)]
async fn a_select_that_is_cancelled_cleans_all_up() {
    let log = Log::new(Vec::new());
    let task = spawn(select(["one", "two"].map(|line| guarded(&log, line))));
    cancel(task).await.unwrap_err();
    assert_eq!(sorted(&log), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_select_that_is_dropped_leaves_its_cleanup_to_rescue_tasks() {
    let log = Log::new(Vec::new());
    tokio::select! {
        biased;
        _ = select([guarded(&log, "cleaned")]) => unreachable!(),
        () = settle() => {}
    }
    rescued().await;
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_loser_that_goes_on_is_waited_for_and_its_value_dropped() {
    let stubborn = async {
        cancelled().await;
        sleep(secs(3)).await;
        "late"
    };
    let quick = async {
        sleep(secs(1)).await;
        "first"
    };
    let began = Instant::now();
    let branches: [std::pin::Pin<Box<dyn Future<Output = &'static str>>>; 2] =
        [Box::pin(stubborn), Box::pin(quick)];
    assert_eq!(select(branches).await.output, "first");
    assert_eq!(began.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_loser_that_does_not_clean_up_is_dropped_at_the_end_of_the_grace() {
    let began = Instant::now();
    let branches: [std::pin::Pin<Box<dyn Future<Output = ()>>>; 2] =
        [Box::pin(uncancellable(pending())), Box::pin(async {})];
    assert_eq!(select(branches).await.index, 1);
    assert_eq!(began.elapsed(), cancel::grace());
}

#[test]
#[should_panic(expected = "at least one future")]
fn select_of_nothing_is_refused() {
    drop(select(Vec::<std::future::Ready<()>>::new()));
}

#[tokio::test(start_paused = true)]
async fn losers_that_are_left_go_on() {
    let (first, losers) = select([spawn(sleep(secs(1))), spawn(sleep(secs(2)))]).leave_losers().await;
    assert_eq!(first.index, 0);
    for (index, task) in losers {
        assert_eq!(index, 1);
        task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn race_ok_passes_failures_over_and_cleans_the_losers_up() {
    let log = Log::new(Vec::new());
    let slow = guarded(&log, "cleaned");
    type Boxed = std::pin::Pin<Box<dyn Future<Output = Result<u8, &'static str>>>>;
    let branches: [Boxed; 3] = [
        Box::pin(async { Err("at once") }),
        Box::pin(async {
            slow.await;
            Ok(1)
        }),
        Box::pin(async {
            sleep(secs(1)).await;
            Ok(2)
        }),
    ];
    assert_eq!(race_ok(branches).await, Ok(2));
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test]
async fn race_ok_of_nothing_has_no_errors() {
    assert_eq!(race_ok(Vec::<std::future::Ready<Result<(), ()>>>::new()).await, Err(Vec::new()));
}

// ===== scope =====

#[tokio::test(start_paused = true)]
async fn siblings_and_body_have_cleaned_up_when_a_failed_scope_returns() {
    let log = Log::new(Vec::new());
    let (sibling, body) = (guarded(&log, "sibling"), guarded(&log, "body"));
    let failed = scope(async |s| {
        s.spawn(sibling);
        s.spawn(async {
            sleep(secs(1)).await;
            Err::<(), _>("no")
        });
        body.await;
    });
    let error = failed.await.unwrap_err();
    assert_eq!(error.errors().len(), 1);
    assert_eq!(sorted(&log), ["body", "sibling"]);
}

#[tokio::test]
async fn a_panic_of_a_child_is_a_failure() {
    let error = scope(async |s| {
        s.spawn(async {
            if true {
                panic!("boom")
            }
        });
    })
    .await
    .unwrap_err();
    assert!(error.errors()[0].is_panic());
    assert!(error.to_string().ends_with("panicked: boom"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_body_goes_on_after_the_children() {
    let log = Log::new(Vec::new());
    let child = guarded(&log, "cleaned");
    let task = spawn(scope(async |s| {
        s.spawn(child);
        settle().await;
        if true {
            panic!("boom")
        }
    }));
    assert_eq!(task.await.unwrap_err().panic_message(), Some("boom"));
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_dropped_cancels_its_children() {
    let log = Log::new(Vec::new());
    let child = guarded(&log, "cleaned");
    tokio::select! {
        biased;
        _ = scope(async |s| { s.spawn(child); }) => unreachable!(),
        () = settle() => {}
    }
    log.until(|lines| lines == &["cleaned"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_out_of_time_is_a_time_out() {
    let log = Log::new(Vec::new());
    let child = guarded(&log, "cleaned");
    let limited = timeout(
        secs(1),
        scope(async |s| {
            s.spawn(child);
        }),
    );
    assert!(limited.await.is_err());
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_children_run_at_once_than_the_limit() {
    let (now, most) = (Shared::new(0), Shared::new(0));
    let peak = most.clone();
    let began = Instant::now();
    let limited = Scope::builder().limit(2).run(async move |s| {
        for _ in 0..6 {
            let (now, most) = (now.clone(), most.clone());
            s.spawn(async move {
                now.update(|now| *now += 1);
                most.update(|most| *most = now.get().max(*most));
                sleep(secs(1)).await;
                now.update(|now| *now -= 1);
            });
        }
    });
    limited.await.unwrap();
    assert_eq!((peak.get(), began.elapsed()), (2, secs(3)));
}

#[tokio::test(start_paused = true)]
async fn children_that_wait_for_their_turn_are_cancelled_too() {
    let began = Instant::now();
    let limited = Scope::builder().limit(1).run(async |s| {
        s.spawn(async {
            sleep(secs(1)).await;
            Err::<(), _>("no")
        });
        for _ in 0..5 {
            s.spawn(sleep(secs(100)));
        }
    });
    assert!(limited.await.is_err());
    assert_eq!(began.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn let_run_cancels_nothing_and_keeps_all_errors() {
    let failed = Scope::builder().on_error(Policy::LetRun).run(async |s| {
        s.spawn(async { Err::<(), _>("one") });
        settle().await;
        s.spawn(async {
            sleep(secs(1)).await;
            Err::<(), _>("two")
        });
    });
    let text = failed.await.unwrap_err().to_string();
    assert!(text.contains("2 errors") && text.contains("one") && text.ends_with("two"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_scope_whose_child_consumes_the_request_still_ends_as_cancelled() {
    let log = Log::new(Vec::new());
    let pen = log.clone();
    let parent = spawn(scope(async |s| {
        s.spawn(async move {
            cancelled().await;
            sleep(secs(1)).await;
            write(&pen, "ended by itself");
        });
    }));
    assert!(cancel(parent).await.unwrap_err().is_cancelled());
    assert_eq!(log.get(), ["ended by itself"]);
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_a_scope_is_that_of_its_children() {
    let began = Instant::now();
    let failed = Scope::builder().grace(secs(2)).run(async |s| {
        s.spawn(uncancellable(pending::<()>()));
        settle().await;
        Err::<(), _>("no")
    });
    assert!(failed.await.is_err());
    assert_eq!(began.elapsed(), secs(2));
}

#[tokio::test]
async fn a_failure_that_the_body_hands_on_is_told_once() {
    let failed = Scope::builder().on_error(Policy::LetRun).run(async |s| {
        s.spawn(async { Err::<(), _>("no") }).await?;
        Ok::<_, Failure>(())
    });
    assert_eq!(failed.await.unwrap_err().errors().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn awaiting_a_child_does_not_tie_it_to_the_awaiter() {
    let done = scope(async |s| {
        let child = s.spawn(async {
            sleep(secs(2)).await;
            Ok::<_, Failure>(5)
        });
        let mut child = Box::pin(child);
        assert!(timeout(secs(1), &mut child).await.is_err());
        child.await
    });
    assert_eq!(done.await.unwrap(), 5);
}

#[tokio::test]
async fn a_refused_child_never_runs_and_says_so() {
    let kept = Shared::new(None);
    let keep = kept.clone();
    scope(async |s| keep.set(Some(s))).await.unwrap();
    let child = kept.get().unwrap().spawn(async {
        if true {
            unreachable!("the scope is closed")
        }
    });
    assert!(child.is_refused());
    let failure: Failure = child.await.unwrap_err();
    assert!(failure.is_refused() && failure.to_string().contains("tests/combine.rs"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_started_child_goes_on_after_it_is_ready() {
    let log = Log::new(Vec::new());
    let pen = log.clone();
    let started = scope(async |s| {
        let port = s.start(|ready: Ready<u16>| async move {
            sleep(secs(1)).await;
            ready.ready(80);
            sleep(secs(1)).await;
            write(&pen, "served");
        });
        let port = port.await?;
        assert!(log.get().is_empty());
        Ok::<_, Failure>(port)
    });
    assert_eq!(started.await.unwrap(), 80);
    assert_eq!(log.get(), ["served"]);
}

#[tokio::test]
async fn a_child_that_ends_before_it_is_ready_has_not_started() {
    let refused = scope(async |s| {
        let failure = s.start(|ready: Ready<u16>| async move { drop(ready) }).await.unwrap_err();
        assert!(failure.is_not_ready());
    });
    refused.await.unwrap();
}

#[tokio::test]
async fn a_child_that_fails_before_it_is_ready_tells_why() {
    let failed = Scope::builder().on_error(Policy::LetRun).run(async |s| {
        let start = s.start(|_ready: Ready<u16>| async move { Err::<(), _>("address in use") });
        start.await.unwrap_err().to_string().ends_with("address in use").then_some(()).ok_or("another error")
    });
    assert_eq!(failed.await.unwrap_err().errors().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_given_up_cancels_the_child() {
    let log = Log::new(Vec::new());
    let child = guarded(&log, "cleaned");
    let gone = scope(async |s| {
        let start = s.start(|_ready: Ready<()>| child);
        assert!(timeout(secs(1), start).await.is_err());
    });
    gone.await.unwrap();
    assert_eq!(log.get(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_scope_is_a_guard_that_says_what_it_is() {
    let task = spawn(scope(async |s| {
        s.spawn(uncancellable(sleep(secs(1))));
    }));
    settle().await;
    task.cancel();
    settle().await;
    assert_eq!(task.reference().info().held_by[0].guard, "scope");
    task.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn no_child_is_left_when_a_scope_has_ended() {
    let named = |name| all_tasks().iter().filter(|task| &*task.name() == name).count();
    let failed = scope(async |s| {
        for _ in 0..50 {
            let child = s.spawn(sleep(secs(100)));
            child.reference().unwrap().rename("left over?");
        }
        settle().await;
        assert_eq!(named("left over?"), 50);
        Err::<(), _>("no")
    });
    assert!(failed.await.is_err());
    assert_eq!(named("left over?"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_work_on_several_threads() {
    for round in 0..200 {
        let ended = spawn(scope(async move |s| {
            for n in 0..8 {
                let more = s.clone();
                s.spawn(async move {
                    more.spawn(yield_now());
                    yield_now().await;
                    if round % 2 == 0 && n == 5 { Err("no") } else { Ok(()) }
                });
            }
        }));
        assert_eq!(ended.await.unwrap().is_err(), round % 2 == 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_gathers_end_on_several_threads() {
    for _ in 0..300 {
        let children = (0..4).map(|_| spawn(finally(pending::<()>(), yield_now())));
        let gathering = task::Builder::new().spawn(gather(children.collect::<Vec<_>>()));
        yield_now().await;
        gathering.cancel();
        assert!(gathering.await.unwrap_err().is_cancelled());
    }
}
