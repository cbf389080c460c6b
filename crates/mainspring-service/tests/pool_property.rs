//! Random lives of a pool: never more than `max` items alive, and no slot lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use mainspring_service::pool::{Guard, Pool};
use mainspring_task::{Task, spawn};
use proptest::prelude::*;
use tokio::time::sleep;

#[derive(Debug, Clone)]
enum Step {
    Acquire,
    /// Cancels the acquire of that index, under way or done.
    Cancel(usize),
    /// Gives back or discards the item of the acquire of that index, if it has one.
    Release(usize, bool),
    /// The next creates fail.
    FailCreates(usize),
    /// The next checks fail.
    FailChecks(usize),
    /// Lets time pass, in milliseconds.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Acquire),
        2 => any::<usize>().prop_map(Step::Cancel),
        4 => (any::<usize>(), prop::bool::weighted(0.3)).prop_map(|(index, discard)| Step::Release(index, discard)),
        1 => (1..4_usize).prop_map(Step::FailCreates),
        1 => (1..3_usize).prop_map(Step::FailChecks),
        3 => (0..40_u64).prop_map(Step::Wait),
    ]
}

/// What the items and the pool's closures share.
#[derive(Default)]
struct World {
    alive: AtomicUsize,
    most: AtomicUsize,
    fail_creates: AtomicUsize,
    fail_checks: AtomicUsize,
}

/// Counts itself as alive from the begin of its making to the end of its destruction.
struct Item(Arc<World>);

impl Item {
    fn new(world: &Arc<World>) -> Self {
        let alive = world.alive.fetch_add(1, SeqCst) + 1;
        world.most.fetch_max(alive, SeqCst);
        Item(Arc::clone(world))
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

fn take_one(count: &AtomicUsize) -> bool {
    count.try_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn pool(world: &Arc<World>, min: usize, max: usize) -> Pool<Item> {
    let made = Arc::clone(world);
    let create = move || {
        let world = Arc::clone(&made);
        async move {
            let item = Item::new(&world);
            sleep(Duration::from_millis(5)).await;
            if take_one(&world.fail_creates) { Err("refused") } else { Ok(item) }
        }
    };
    Pool::builder(create)
        .check(|item| {
            Box::pin(async move {
                sleep(Duration::from_millis(3)).await;
                !take_one(&item.0.fail_checks)
            })
        })
        .destroy(|item: Item| async move {
            sleep(Duration::from_millis(4)).await;
            drop(item);
        })
        .min(min)
        .max(max)
        .idle(Duration::from_millis(50))
        .max_age(Duration::from_millis(150))
        .acquire_timeout(Duration::from_millis(60))
        .build()
}

type Borrower = Task<Option<Guard<Item>>>;

async fn live(world: &Arc<World>, pool: &Pool<Item>, steps: Vec<Step>) {
    let mut borrowers: Vec<Borrower> = Vec::new();
    for step in steps {
        match step {
            Step::Acquire => {
                let pool = pool.clone();
                borrowers.push(spawn(async move { pool.acquire().await.ok() }));
            }
            Step::Cancel(index) if !borrowers.is_empty() => {
                let borrower = borrowers.swap_remove(index % borrowers.len());
                borrower.cancel();
            }
            Step::Release(index, discard) if !borrowers.is_empty() => {
                let index = index % borrowers.len();
                if borrowers[index].is_finished()
                    && let Ok(Some(guard)) = borrowers.swap_remove(index).await
                    && discard
                {
                    guard.discard();
                }
            }
            Step::FailCreates(count) => world.fail_creates.store(count, SeqCst),
            Step::FailChecks(count) => world.fail_checks.store(count, SeqCst),
            Step::Wait(millis) => sleep(Duration::from_millis(millis)).await,
            Step::Cancel(_) | Step::Release(..) => {}
        }
    }
}

/// All slots can be borrowed at once, after whatever happened.
async fn all_slots_are_there(world: &World, pool: &Pool<Item>, max: usize) {
    world.fail_creates.store(0, SeqCst);
    world.fail_checks.store(0, SeqCst);
    sleep(Duration::from_millis(200)).await;
    let mut guards = Vec::new();
    for _ in 0..max {
        guards.push(pool.acquire().await.unwrap());
    }
    assert_eq!(world.alive.load(SeqCst), max);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_more_than_max_are_alive_and_no_slot_is_lost(
        max in 1..5_usize,
        min in 0..3_usize,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world: Arc<World> = Arc::default();
            let pool = pool(&world, min, max);
            live(&world, &pool, steps).await;
            all_slots_are_there(&world, &pool, max).await;
            pool.close(Duration::from_secs(1)).await.unwrap();
            assert_eq!(world.alive.load(SeqCst), 0);
            let most = world.most.load(SeqCst);
            assert!(most <= max, "{most} were alive, {max} are allowed");
        });
    }
}
