//! Random programs of guards, cancelled at random times: no cleanup is lost, none runs twice, and
//! nothing stays behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainspring_task::cancel::{catch_cancel, finally, rescued, shield, uncancellable};
use mainspring_task::time::timeout;
use mainspring_task::{TaskRef, all_tasks, spawn, task};
use proptest::prelude::*;
use tokio::time::sleep;

/// What a task does. Times are in milliseconds.
#[derive(Debug, Clone)]
enum Program {
    Sleep(u64),
    Pending,
    Panic,
    Finally(Box<Program>, u64),
    Catch(Box<Program>),
    Uncancellable(u64),
    Timeout(u64, Box<Program>),
    Join(Box<Program>, Box<Program>),
    Select(Box<Program>, Box<Program>),
    Then(Box<Program>, Box<Program>),
    Await(Box<Program>),
    Shield(Box<Program>),
}

use Program::*;

fn program() -> impl Strategy<Value = Program> {
    let leaf = prop_oneof![
        4 => (0..60u64).prop_map(Sleep),
        4 => Just(Pending),
        1 => Just(Panic),
        2 => (0..60u64).prop_map(Uncancellable),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        let one = inner.clone().prop_map(Box::new);
        let two = (one.clone(), one.clone());
        prop_oneof![
            6 => (one.clone(), 0..40u64).prop_map(|(body, cleanup)| Finally(body, cleanup)),
            2 => one.clone().prop_map(Catch),
            3 => (0..60u64, one.clone()).prop_map(|(limit, body)| Timeout(limit, body)),
            2 => two.clone().prop_map(|(a, b)| Join(a, b)),
            2 => two.clone().prop_map(|(a, b)| Select(a, b)),
            2 => two.prop_map(|(a, b)| Then(a, b)),
            2 => one.clone().prop_map(Await),
            1 => one.prop_map(Shield),
        ]
    })
}

#[derive(Default)]
struct Cleanup {
    begun: u32,
    ended: u32,
}

/// What became of each cleanup whose guard was entered.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<BTreeMap<u64, Cleanup>>>);

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Ledger {
    fn change(&self, guard: u64, change: impl FnOnce(&mut Cleanup)) {
        change(self.0.lock().unwrap().entry(guard).or_default());
    }

    /// A cleanup is on the ledger from the moment its guard is entered.
    fn guarded(self, body: Running, takes: u64) -> Running {
        let guard = NEXT.fetch_add(1, Ordering::Relaxed);
        let entered = self.clone();
        let cleanup = async move {
            self.change(guard, |cleanup| cleanup.begun += 1);
            sleep(Duration::from_millis(takes)).await;
            self.change(guard, |cleanup| cleanup.ended += 1);
        };
        let body = async move {
            entered.change(guard, |_| {});
            body.await;
        };
        Box::pin(finally(body, cleanup))
    }
}

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

fn run(program: Program, ledger: &Ledger) -> Running {
    let on = |program: Box<Program>| run(*program, ledger);
    match program {
        Sleep(time) => Box::pin(sleep(Duration::from_millis(time))),
        Pending => Box::pin(pending()),
        Panic => Box::pin(async { panic!("as the program says") }),
        Finally(body, takes) => ledger.clone().guarded(on(body), takes),
        Uncancellable(time) => Box::pin(uncancellable(sleep(Duration::from_millis(time)))),
        Catch(body) => {
            let body = on(body);
            Box::pin(async move { drop(catch_cancel(body).await) })
        }
        Timeout(limit, body) => {
            let body = timeout(Duration::from_millis(limit), on(body));
            Box::pin(async move { drop(body.await) })
        }
        Join(a, b) => {
            let (a, b) = (on(a), on(b));
            Box::pin(async move {
                tokio::join!(a, b);
            })
        }
        Select(a, b) => {
            let (a, b) = (on(a), on(b));
            Box::pin(async move {
                tokio::select! { biased; () = a => {}, () = b => {} }
            })
        }
        Then(a, b) => {
            let (a, b) = (on(a), on(b));
            Box::pin(async move {
                a.await;
                b.await;
            })
        }
        Await(body) => {
            let body = on(body);
            Box::pin(async move { drop(spawn(body).await) })
        }
        Shield(body) => {
            let body = on(body);
            Box::pin(async move { drop(shield(spawn(body)).await) })
        }
    }
}

fn tasks_of(service: &str) -> Vec<TaskRef> {
    all_tasks().into_iter().filter(|task| task.service() == Some(service)).collect()
}

/// Runs a program to its end: cancels it at the given times, then whatever is left, again and again.
async fn play(program: Program, cancels: Vec<u64>, again: Option<u64>) -> (Ledger, bool) {
    let ledger = Ledger::default();
    let service = format!("property-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let main = task::Builder::new().service(service.as_str()).spawn(run(program, &ledger));
    for time in cancels {
        sleep(Duration::from_millis(time)).await;
        main.cancel();
        // Longer than all cleanups together, so that the next request is a new one.
        sleep(Duration::from_secs(5)).await;
    }
    let hard = again.is_some() && main.cancel() && {
        sleep(Duration::from_millis(again.unwrap_or_default())).await;
        main.cancel()
    };
    // Each request is consumed by one `catch_cancel` or ends its task, so there is a last one.
    for _ in 0..100 {
        sleep(Duration::from_secs(5)).await;
        // The oldest alone: it asks those it awaits, and two requests would be one too many.
        match tasks_of(&service).first() {
            Some(task) => drop(task.cancel()),
            None => break,
        }
    }
    let left: Vec<_> = tasks_of(&service).iter().map(|task| task.info().to_string()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    assert!(main.is_finished(), "the task never resolved");
    drop(main.await);
    rescued().await;
    (ledger, hard)
}

fn check(program: Program, cancels: Vec<u64>, again: Option<u64>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (ledger, hard) = runtime.block_on(play(program, cancels, again));
    for (guard, cleanup) in &*ledger.0.lock().unwrap() {
        assert!(cleanup.begun <= 1, "cleanup {guard} ran {} times", cleanup.begun);
        if !hard {
            assert_eq!((cleanup.begun, cleanup.ended), (1, 1), "cleanup {guard} was lost");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_cleanup_that_was_due_runs_once_to_its_end(
        program in program(),
        cancels in prop::collection::vec(0..80u64, 0..3),
    ) {
        check(program, cancels, None);
    }

    #[test]
    fn a_second_request_never_runs_a_cleanup_twice(program in program(), first in 0..60u64, second in 0..60u64) {
        check(program, vec![first], Some(second));
    }
}
