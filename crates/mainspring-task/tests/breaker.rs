//! What a circuit breaker promises: when it opens, whom it lets through, and when it closes.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use mainspring_task::retry::{Breaker, BreakerError, Outcome, Refused, State};
use mainspring_task::time::timeout;
use mainspring_task::{Shared, Task, TaskError, gather, spawn};
use tokio::task::yield_now;
use tokio::time::{advance, sleep};

type Called = Result<(), BreakerError<&'static str>>;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn succeed(breaker: &Breaker) -> Called {
    breaker.call(async || Ok(())).await
}

async fn fail(breaker: &Breaker) -> Called {
    breaker.call(async || Err("failed")).await
}

async fn ends_after(seconds: u64) -> Result<(), ()> {
    sleep(secs(seconds)).await;
    Ok(())
}

/// Only the share of failures opens it.
fn by_ratio() -> Breaker {
    Breaker::new("payments").consecutive(None)
}

/// Opened by hand, and its time has passed.
async fn half_open(breaker: Breaker) -> Breaker {
    breaker.trip();
    advance(secs(5)).await;
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker
}

/// A task with a call in it that has begun and does not end.
async fn hanging(breaker: &Breaker) -> Task<Called> {
    let breaker = breaker.clone();
    let task = spawn(async move { breaker.call(pending).await });
    yield_now().await;
    task
}

#[tokio::test(start_paused = true)]
async fn defect_3_it_opens_at_low_traffic() {
    let breaker = Breaker::new("payments");
    for call in 0..5 {
        assert!(!fail(&breaker).await.unwrap_err().is_open(), "call {call} was refused");
        advance(secs(60)).await;
    }
    assert_eq!(breaker.status().opened, 1);
    let breaker = Breaker::new("payments");
    for _ in 0..5 {
        advance(secs(60)).await;
        fail(&breaker).await.unwrap_err();
    }
    assert!(fail(&breaker).await.unwrap_err().is_open());
}

#[tokio::test(start_paused = true)]
async fn defect_3_it_opens_on_an_initial_burst() {
    for breaker in [Breaker::new("payments"), by_ratio()] {
        let mut made = 0;
        for _ in 0..20_000 {
            made += u64::from(!fail(&breaker).await.unwrap_err().is_open());
        }
        assert!(made <= 10, "{made} calls were made");
        assert_eq!(breaker.status().refused, 20_000 - made);
    }
}

#[tokio::test(start_paused = true)]
async fn it_opens_when_the_share_of_failures_is_reached_among_enough_calls() {
    let breaker = by_ratio().failure_ratio(0.5).minimum(10);
    for _ in 0..5 {
        succeed(&breaker).await.unwrap();
    }
    for _ in 0..4 {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_share_below_the_ratio_never_opens_it() {
    let breaker = by_ratio().failure_ratio(0.5).minimum(3);
    for _ in 0..1_000 {
        succeed(&breaker).await.unwrap();
        succeed(&breaker).await.unwrap();
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_it_before_there_are_enough_calls_for_a_share() {
    let breaker = Breaker::new("payments").minimum(1_000).consecutive(3);
    for _ in 0..3 {
        assert_eq!(breaker.state(), State::Closed);
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_success_ends_a_row_of_failures() {
    let breaker = Breaker::new("payments").failure_ratio(None).consecutive(3);
    for _ in 0..100 {
        fail(&breaker).await.unwrap_err();
        fail(&breaker).await.unwrap_err();
        succeed(&breaker).await.unwrap();
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_window_does_not_count() {
    let breaker = by_ratio().minimum(10).window(secs(10));
    for _ in 0..9 {
        fail(&breaker).await.unwrap_err();
    }
    advance(secs(8)).await;
    assert_eq!(breaker.status().failures, 9);
    advance(secs(2)).await;
    assert_eq!(breaker.status().failures, 0);
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_window_slides_by_a_tenth() {
    let breaker = by_ratio().minimum(1_000).window(secs(10));
    for _ in 0..25 {
        fail(&breaker).await.unwrap_err();
        advance(secs(1)).await;
    }
    // The newest tenth has just begun, and is empty.
    assert_eq!(breaker.status().failures, 9);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_makes_no_call_and_says_when_to_come_again() {
    let breaker = Breaker::new("payments").open_for(secs(5));
    breaker.trip();
    advance(secs(2)).await;
    let called = Shared::new(false);
    let call = async || {
        called.set(true);
        Ok::<_, &str>(())
    };
    let refused = breaker.call(call).await.unwrap_err();
    assert!(!called.get());
    let refused: &Refused = refused.refused().unwrap();
    assert_eq!((refused.state(), refused.retry_after()), (State::Open, secs(3)));
    let said = "breaker `payments` is open (it was tripped by hand), a probe may pass in 3s";
    assert_eq!(refused.to_string(), said);
}

#[tokio::test(start_paused = true)]
async fn it_is_half_open_when_its_time_has_passed() {
    let breaker = Breaker::new("payments").open_for(secs(5));
    breaker.trip();
    advance(secs(5) - Duration::from_nanos(1)).await;
    assert_eq!(breaker.state(), State::Open);
    advance(Duration::from_millis(1)).await;
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(breaker.status().retry_after, None);
}

#[tokio::test(start_paused = true)]
async fn no_more_probes_than_allowed_are_under_way() {
    let breaker = half_open(Breaker::new("payments").probes(2)).await;
    let probes = [hanging(&breaker).await, hanging(&breaker).await];
    assert_eq!(breaker.status().probes, 2);
    let refused = succeed(&breaker).await.unwrap_err();
    assert_eq!(refused.refused().unwrap().state(), State::HalfOpen);
    drop(probes);
}

#[tokio::test(start_paused = true)]
async fn it_closes_when_as_many_probes_as_allowed_have_succeeded() {
    let breaker = half_open(Breaker::new("payments").probes(2)).await;
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
    let second = breaker.permit().unwrap();
    assert!(breaker.permit().is_err(), "a third probe was let through");
    second.success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_it_for_another_stretch() {
    let breaker = half_open(Breaker::new("payments").probes(2)).await;
    succeed(&breaker).await.unwrap();
    fail(&breaker).await.unwrap_err();
    let refused = succeed(&breaker).await.unwrap_err();
    assert_eq!(refused.refused().unwrap().retry_after(), secs(5));
    assert!(refused.to_string().contains("a probe failed"));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_closes_has_forgotten_the_failures() {
    let breaker = Breaker::new("payments").consecutive(2);
    fail(&breaker).await.unwrap_err();
    fail(&breaker).await.unwrap_err();
    advance(secs(5)).await;
    succeed(&breaker).await.unwrap();
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.status().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_frees_its_place() {
    let breaker = half_open(Breaker::new("payments")).await;
    let probe = hanging(&breaker).await;
    assert!(breaker.permit().is_err());
    probe.cancel();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(breaker.state(), State::HalfOpen);
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_does_not_come_back_holds_its_place_for_the_open_time_only() {
    let breaker = half_open(Breaker::new("payments")).await;
    let hung = hanging(&breaker).await;
    advance(secs(4)).await;
    let refused = breaker.permit().unwrap_err();
    assert_eq!((refused.state(), refused.retry_after()), (State::HalfOpen, secs(1)));
    advance(secs(1)).await;
    let second = breaker.permit().unwrap();
    assert!(breaker.permit().is_err(), "two places were given for one");
    second.success();
    assert_eq!(breaker.state(), State::Closed);
    drop(hung);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_comes_back_late_still_counts() {
    let breaker = half_open(Breaker::new("payments")).await;
    let late = breaker.permit().unwrap();
    advance(secs(60)).await;
    let second = breaker.permit().unwrap();
    late.success();
    assert_eq!(breaker.state(), State::Closed);
    second.failure();
    assert_eq!(breaker.status().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_before_it_opened_does_not_count_after_that() {
    let breaker = Breaker::new("payments");
    let [one, two] = [breaker.permit().unwrap(), breaker.permit().unwrap()];
    breaker.trip();
    one.success();
    assert_eq!(breaker.state(), State::Open);
    advance(secs(5)).await;
    assert_eq!(breaker.state(), State::HalfOpen);
    two.failure();
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_permit_counts_neither_way() {
    let breaker = Breaker::new("payments").consecutive(2);
    fail(&breaker).await.unwrap_err();
    drop(breaker.permit().unwrap());
    let status = breaker.status();
    assert_eq!((status.calls, status.consecutive), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_cut_off_by_a_timeout_outside_counts_neither_way() {
    let breaker = Breaker::new("payments").consecutive(1);
    timeout(secs(3), breaker.call(pending::<Result<(), ()>>)).await.unwrap_err();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_when_it_has_become_slow_has_failed() {
    let breaker = Breaker::new("payments").consecutive(2).slow(secs(3), 1.0);
    for _ in 0..2 {
        assert_eq!(breaker.state(), State::Closed);
        timeout(secs(3), breaker.call(pending::<Result<(), ()>>)).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_of_the_call_is_a_failure() {
    let breaker = Breaker::new("payments").consecutive(1);
    breaker.call(async || timeout(secs(3), pending::<()>()).await).await.unwrap_err();
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_and_goes_on() {
    let breaker = Breaker::new("payments").consecutive(1);
    let at = breaker.clone();
    let task = spawn(async move { at.call(async || -> Result<(), ()> { panic!("no money") }).await });
    assert_eq!(task.await.unwrap_err().panic_message(), Some("no money"));
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it_though_they_succeed() {
    let breaker = Breaker::new("search").minimum(4).slow(secs(1), 0.5);
    for seconds in [0, 1, 0, 2] {
        assert_eq!(breaker.state(), State::Closed);
        breaker.call(|| ends_after(seconds)).await.unwrap();
    }
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.permit().unwrap_err().to_string().contains("2 of 4 calls were slow"));
}

#[tokio::test(start_paused = true)]
async fn slow_calls_do_not_count_unless_asked() {
    let breaker = Breaker::new("search").minimum(1);
    for _ in 0..20 {
        breaker.call(|| ends_after(3600)).await.unwrap();
    }
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.status().slow, 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_opens_it_again() {
    let breaker = half_open(Breaker::new("search").slow(secs(1), 0.5)).await;
    breaker.call(|| ends_after(1)).await.unwrap();
    assert!(breaker.permit().unwrap_err().to_string().contains("a probe was slow"));
}

#[tokio::test(start_paused = true)]
async fn the_caller_says_which_results_are_failures() {
    let judge = |result: &Result<u16, io::Error>| match result {
        Ok(500..) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Outcome::Ignored,
        Err(_) => Outcome::Failure,
    };
    let breaker = Breaker::new("payments");
    let interrupted = || async { Err(io::ErrorKind::Interrupted.into()) };
    breaker.call_with(judge, async || Ok(200)).await.unwrap();
    breaker.call_with(judge, interrupted).await.unwrap_err();
    assert_eq!((breaker.status().calls, breaker.status().failures), (1, 0));
    breaker.call_with(judge, async || Ok(503)).await.unwrap();
    breaker.call_with(judge, async || Err(io::ErrorKind::NotFound.into())).await.unwrap_err();
    assert_eq!((breaker.status().calls, breaker.status().failures), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn an_ignored_probe_frees_its_place() {
    let breaker = half_open(Breaker::new("payments")).await;
    breaker.permit().unwrap().record(Outcome::Ignored);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.permit().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn only_some_calls_of_a_concurrent_burst_are_let_through_half_open() {
    let breaker = half_open(Breaker::new("payments").probes(3)).await;
    let calls = (0..100).map(|_| {
        let breaker = breaker.clone();
        async move {
            let call = async || {
                yield_now().await;
                Err::<(), _>("failed")
            };
            breaker.call(call).await
        }
    });
    let ended = join_all(calls).await;
    assert_eq!(ended.iter().filter(|ended| !ended.as_ref().unwrap_err().is_open()).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn each_change_is_told_once_and_may_ask_the_breaker() {
    let told = Shared::new(Vec::new());
    let pen = told.clone();
    let hook = move |from, to| pen.update(|told| told.push((from, to)));
    let breaker = half_open(Breaker::new("payments").on_change(hook)).await;
    breaker.trip();
    breaker.trip();
    breaker.reset();
    breaker.reset();
    use State::{Closed, HalfOpen, Open};
    assert_eq!(told.get(), [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open), (Open, Closed)]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_use_the_breaker() {
    let slot: Arc<std::sync::OnceLock<Breaker>> = Arc::default();
    let seen = Shared::new(None);
    let (inner, pen) = (Arc::clone(&slot), seen.clone());
    let breaker = Breaker::new("payments").on_change(move |_, _| pen.set(inner.get().map(Breaker::state)));
    slot.set(breaker.clone()).unwrap();
    breaker.trip();
    assert_eq!(seen.get(), Some(State::Open));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_harms_nobody() {
    let breaker = Breaker::new("payments").consecutive(1).on_change(|_, _| panic!("in the hook"));
    assert_eq!(fail(&breaker).await.unwrap_err().into_inner(), Some("failed"));
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn reset_closes_it_and_forgets() {
    let breaker = Breaker::new("payments").consecutive(2);
    fail(&breaker).await.unwrap_err();
    breaker.reset();
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), State::Closed);
    breaker.trip();
    breaker.reset();
    succeed(&breaker).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_clone_is_the_same_breaker_and_a_setting_makes_another() {
    let breaker = Breaker::new("payments");
    let (clone, another) = (breaker.clone(), breaker.clone().probes(2));
    breaker.trip();
    assert_eq!((clone.state(), another.state()), (State::Open, State::Closed));
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_open_it_only_the_hand_does() {
    let breaker = Breaker::new("payments").failure_ratio(None).consecutive(None);
    for _ in 0..1_000 {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_longest_times_do_not_overflow() {
    let breaker = Breaker::new("payments").window(Duration::MAX).open_for(Duration::MAX).consecutive(1);
    fail(&breaker).await.unwrap_err();
    advance(secs(1)).await;
    assert_eq!(breaker.permit().unwrap_err().retry_after(), Duration::MAX - secs(1));
}

#[test]
fn a_ratio_out_of_range_is_refused() {
    for ratio in [0.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        let refused = std::panic::catch_unwind(|| Breaker::new("payments").failure_ratio(ratio));
        let said = refused.unwrap_err().downcast::<String>().unwrap();
        assert!(said.starts_with("breaker `payments`: the failure ratio is "), "{said}");
        std::panic::catch_unwind(|| Breaker::new("payments").slow(secs(1), ratio)).unwrap_err();
    }
}

#[test]
#[should_panic(expected = "breaker `payments`: the window is zero")]
fn a_window_of_no_time_is_refused() {
    let _ = Breaker::new("payments").window(Duration::ZERO);
}

#[test]
#[should_panic(expected = "breaker `payments`: the time it is open for is zero")]
fn an_open_time_of_zero_is_refused() {
    let _ = Breaker::new("payments").open_for(Duration::ZERO);
}

#[test]
fn it_works_on_threads_without_a_runtime() {
    let breaker = Breaker::new("payments").failure_ratio(None).consecutive(None).minimum(1);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..1_000).for_each(|_| breaker.permit().unwrap().failure()));
        }
    });
    assert_eq!(breaker.status().consecutive, 4_000);
}

#[tokio::test(start_paused = true)]
async fn an_error_reads_as_that_of_the_call() {
    let breaker = Breaker::new("payments");
    let error = breaker.call(async || Err::<(), _>(io::Error::other("no money"))).await.unwrap_err();
    assert_eq!(error.to_string(), "no money");
    assert_eq!(error.inner().unwrap().kind(), io::ErrorKind::Other);
    assert!(error.refused().is_none());
}

#[tokio::test(start_paused = true)]
async fn calls_can_be_gathered() {
    let breaker = Breaker::new("payments");
    let pay = |amount: u32| {
        let breaker = breaker.clone();
        async move { breaker.call(async || Ok::<_, TaskError>(amount)).await }
    };
    assert_eq!(gather([pay(1), pay(2)]).await.unwrap(), [1, 2]);
}

#[test]
fn handles_can_be_sent_and_a_call_spawned() {
    fn is_send<T: Send + 'static>(_: T) {}
    let breaker = Breaker::new("payments");
    is_send(breaker.permit().unwrap());
    is_send(async move { breaker.call(async || Err::<(), _>(io::Error::other(""))).await });
}
