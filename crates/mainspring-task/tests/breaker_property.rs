//! What holds of a circuit breaker whatever happens to it.

use std::time::Duration;

use mainspring_task::retry::{Breaker, Outcome, Permit, State};
use proptest::prelude::*;
use tokio::time::advance;

const OPEN_FOR: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
enum Step {
    Ask,
    Record(usize, Outcome),
    Drop(usize),
    Wait(u64),
    Trip,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![Just(Outcome::Success), Just(Outcome::Failure), Just(Outcome::Ignored)];
    prop_oneof![
        6 => Just(Step::Ask),
        6 => (0..8usize, outcome).prop_map(|(which, outcome)| Step::Record(which, outcome)),
        2 => (0..8usize).prop_map(Step::Drop),
        3 => (1..3_000u64).prop_map(Step::Wait),
        1 => Just(Step::Trip),
        1 => Just(Step::Reset),
    ]
}

/// Does a step; the permit that it gave up is gone.
async fn take(step: Step, breaker: &Breaker, held: &mut Vec<Permit>) {
    let pick = |held: &mut Vec<Permit>, which: usize| match held.len() {
        0 => None,
        len => Some(held.swap_remove(which % len)),
    };
    match step {
        Step::Ask => {
            let state = breaker.state();
            let given = breaker.permit();
            assert!(state.is_half_open() || given.is_ok() == state.is_closed(), "{state}: {given:?}");
            held.extend(given);
        }
        Step::Record(which, outcome) => {
            if let Some(permit) = pick(held, which) {
                permit.record(outcome);
            }
        }
        Step::Drop(which) => drop(pick(held, which)),
        Step::Wait(millis) => advance(Duration::from_millis(millis)).await,
        Step::Trip => breaker.trip(),
        Step::Reset => breaker.reset(),
    }
}

fn run(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime with a clock only").block_on(body);
}

proptest! {
    #[test]
    fn never_more_probes_than_allowed_and_never_shut_for_good(
        steps in proptest::collection::vec(step(), 0..200),
        probes in 1..4usize,
        slow in any::<bool>(),
    ) {
        run(async move {
            let mut breaker = Breaker::new("any").minimum(3).consecutive(3).open_for(OPEN_FOR).probes(probes);
            if slow {
                breaker = breaker.slow(Duration::from_secs(2), 0.5);
            }
            let mut held = Vec::new();
            for step in steps {
                take(step, &breaker, &mut held).await;
                let status = breaker.status();
                assert!(status.probes <= probes, "{status:?}");
                assert!(status.failures <= status.calls && status.slow <= status.calls, "{status:?}");
                assert!(status.retry_after.is_none_or(|time| !time.is_zero() && time <= OPEN_FOR));
            }
            // Permits that never come back do not hold it open for longer than its time.
            if let Some(time) = breaker.status().retry_after {
                advance(time + Duration::from_millis(1)).await;
            }
            // Half-open, as many successes as there are probes close it.
            while breaker.state().is_half_open()
                && let Ok(permit) = breaker.permit()
            {
                permit.success();
            }
            let status = breaker.status();
            assert!(status.state == State::Closed || status.probes > 0, "{status:?}");
            advance(OPEN_FOR + Duration::from_millis(1)).await;
            assert!(breaker.permit().is_ok());
        });
    }
}
