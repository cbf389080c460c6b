//! A pool of items on a paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use mainspring_service::pool::{Builder, Pool};
use mainspring_service::{Entrypoint, Running};
use mainspring_task::{Shared, spawn};
use tokio::time::{Instant, sleep};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A pool of numbers that count up from 1.
fn numbers() -> Builder<usize> {
    let next = Arc::new(AtomicUsize::new(1));
    Pool::builder(move || {
        let number = next.fetch_add(1, SeqCst);
        async move { Ok::<_, String>(number) }
    })
}

/// A backend that is down until it is told otherwise.
fn fallible() -> (Arc<AtomicBool>, Builder<()>) {
    let up = Arc::new(AtomicBool::new(false));
    let seen = up.clone();
    let builder = Pool::builder(move || {
        let up = seen.load(SeqCst);
        async move { if up { Ok(()) } else { Err("connection refused") } }
    });
    (up, builder)
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_comes_back_is_handed_out_again() {
    let pool = numbers().build();
    assert_eq!(*pool.acquire().await.unwrap(), 1);
    assert_eq!(*pool.acquire().await.unwrap(), 1);
    let stats = pool.stats();
    assert_eq!((stats.created, stats.acquired, stats.idle, stats.busy), (1, 2, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn failed_creates_never_use_up_the_slots() {
    let (up, builder) = fallible();
    let pool = builder.max(3).build();
    for _ in 0..10 {
        assert!(pool.acquire().await.unwrap_err().is_create());
    }
    up.store(true, SeqCst);
    let (a, b, c) = tokio::join!(pool.acquire(), pool.acquire(), pool.acquire());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!((pool.stats().alive, pool.stats().create_failures), (3, 10));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_create_never_uses_up_the_slot() {
    let first = AtomicBool::new(true);
    let pool = Pool::builder(move || {
        let panics = first.swap(false, SeqCst);
        async move { if panics { panic!("no socket") } else { Ok::<_, String>(7) } }
    });
    let pool = pool.max(1).build();
    let other = pool.clone();
    let error = spawn(async move { *other.acquire().await.unwrap() }).await.unwrap_err();
    assert!(error.is_panic());
    assert_eq!(*pool.acquire().await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_its_check_is_never_handed_out() {
    let pool = numbers().check(|number| Box::pin(async move { *number > 2 })).max(1).build();
    for _ in 0..2 {
        drop(pool.acquire().await.unwrap());
    }
    assert_eq!(*pool.acquire().await.unwrap(), 3);
    assert_eq!((pool.stats().check_failures, pool.stats().destroyed), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn an_item_whose_check_panics_is_never_handed_out() {
    let pool = numbers().check(|number| Box::pin(async move { *number > 1 || panic!("broken pipe") }));
    let pool = pool.max(1).build();
    drop(pool.acquire().await.unwrap());
    let other = pool.clone();
    assert!(spawn(async move { *other.acquire().await.unwrap() }).await.unwrap_err().is_panic());
    assert_eq!(*pool.acquire().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_item_used_last_is_used_next_so_that_spare_ones_expire() {
    let pool = numbers().idle(secs(5)).build();
    let (a, b) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(a);
    drop(b);
    for _ in 0..10 {
        assert_eq!(*pool.acquire().await.unwrap(), 2);
        sleep(secs(1)).await;
    }
    assert_eq!((pool.stats().alive, pool.stats().expired), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn idle_items_expire_down_to_min() {
    let pool = numbers().min(2).idle(secs(5)).build();
    let guards =
        [pool.acquire().await.unwrap(), pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    drop(guards);
    sleep(secs(60)).await;
    assert_eq!(pool.stats().idle, 2);
}

#[tokio::test(start_paused = true)]
async fn items_too_old_are_replaced_though_they_are_in_use() {
    let pool = numbers().max_age(secs(10)).build();
    let start = Instant::now();
    while start.elapsed() < secs(25) {
        drop(pool.acquire().await.unwrap());
        sleep(secs(1)).await;
    }
    assert_eq!(pool.stats().created, 3);
}

#[tokio::test(start_paused = true)]
async fn an_acquire_ends_at_its_time_out_and_says_who_has_the_items() {
    let pool = numbers().name("db").max(1).acquire_timeout(secs(3)).build();
    let guard = pool.acquire().await.unwrap();
    let start = Instant::now();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(start.elapsed(), secs(3));
    assert!(error.is_timeout());
    assert_eq!(error.to_string(), "pool `db` gave no item within 3s: 1 busy, 0 others waiting");
    drop(guard);
    assert!(pool.acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_create_that_hangs_is_bounded_by_the_acquire_time_out() {
    let pool =
        Pool::builder(std::future::pending::<Result<(), String>>).max(1).acquire_timeout(secs(3)).build();
    assert!(pool.acquire().await.unwrap_err().is_timeout());
    assert_eq!(pool.stats().alive, 0);
}

/// A pool of one item, kept alive, whose second making is `odd`.
fn odd_at_the_second<F, Fut>(odd: F) -> Builder<usize>
where
    F: Fn() -> Fut + Send + Sync + Clone + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(1));
    let builder = Pool::builder(move || {
        let (number, odd) = (next.fetch_add(1, SeqCst), odd.clone());
        async move {
            if number == 2 {
                odd().await;
            }
            Ok::<_, String>(number)
        }
    });
    builder.min(1).max(1)
}

#[tokio::test(start_paused = true)]
async fn a_create_that_hangs_in_the_background_gives_its_slot_back_at_the_acquire_time_out() {
    let pool = odd_at_the_second(std::future::pending).acquire_timeout(secs(3)).build();
    pool.acquire().await.unwrap().discard();
    settle().await;
    let start = Instant::now();
    sleep(secs(1)).await;
    assert_eq!(*pool.acquire().await.unwrap(), 3);
    assert_eq!(start.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_fill_that_hangs_is_bounded_by_the_acquire_time_out() {
    let pool = Pool::builder(std::future::pending::<Result<(), String>>).min(1).acquire_timeout(secs(3));
    let pool = pool.build();
    assert!(pool.fill().await.unwrap_err().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn who_waits_longest_is_served_first() {
    let pool = numbers().max(1).build();
    let order = Shared::new(Vec::new());
    let guard = pool.acquire().await.unwrap();
    for number in 0..5 {
        let (pool, order) = (pool.clone(), order.clone());
        spawn(async move {
            let _guard = pool.acquire().await.unwrap();
            order.update(|order| order.push(number));
        })
        .detach();
        settle().await;
    }
    assert_eq!(pool.stats().waiting, 5);
    drop(guard);
    assert_eq!(order.until(|order| order.len() == 5).await, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_wait_loses_neither_slot_nor_item() {
    let pool = numbers().max(1).build();
    let guard = pool.acquire().await.unwrap();
    let other = pool.clone();
    let waits = spawn(async move { drop(other.acquire().await) });
    settle().await;
    // The item is on its way to the waiter when the waiter is cancelled.
    drop(guard);
    waits.cancel();
    drop(waits.await);
    assert_eq!(*pool.acquire().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_item_whose_check_was_cancelled_is_destroyed() {
    let pool = numbers().max(1).check(|number| {
        Box::pin(async move {
            if *number == 1 {
                sleep(secs(10)).await;
            }
            true
        })
    });
    let pool = pool.build();
    drop(pool.acquire().await.unwrap());
    let other = pool.clone();
    let checks = spawn(async move { drop(other.acquire().await) });
    settle().await;
    checks.cancel();
    drop(checks.await);
    assert_eq!(*pool.acquire().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_is_alive_until_it_is_destroyed() {
    let pool = numbers().destroy(|_| sleep(secs(4))).max(1).build();
    let start = Instant::now();
    pool.acquire().await.unwrap().discard();
    assert_eq!(pool.stats().alive, 1);
    assert_eq!(*pool.acquire().await.unwrap(), 2);
    assert_eq!(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_destroy_that_hangs_gives_its_slot_back_at_its_time_out() {
    let pool = numbers().destroy(|_| std::future::pending()).destroy_timeout(secs(2)).max(1).build();
    pool.acquire().await.unwrap().discard();
    assert_eq!(*pool.acquire().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_whose_destroy_panics_is_replaced() {
    let pool = numbers().check(|number| Box::pin(async move { *number > 1 })).max(1);
    let pool = pool.destroy(|_| async { panic!("broken pipe") }).build();
    drop(pool.acquire().await.unwrap());
    assert_eq!(*pool.acquire().await.unwrap(), 2);
    assert_eq!((pool.stats().alive, pool.stats().destroyed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_its_borrower_panicked_with_is_destroyed() {
    let pool = numbers().max(1).build();
    let other = pool.clone();
    let task = spawn(async move {
        let _guard = other.acquire().await.unwrap();
        panic!("half way");
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(*pool.acquire().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_least_number_is_made_again_when_the_backend_is_back() {
    let (up, builder) = fallible();
    let pool = builder.min(3).build();
    assert!(pool.fill().await.unwrap_err().is_create());
    sleep(secs(5)).await;
    assert_eq!(pool.stats().alive, 0);
    up.store(true, SeqCst);
    sleep(secs(30)).await;
    assert_eq!(pool.stats().idle, 3);
    pool.acquire().await.unwrap().discard();
    settle().await;
    assert_eq!(pool.stats().idle, 3);
}

#[tokio::test(start_paused = true)]
async fn the_least_number_is_made_again_after_a_panic_in_create() {
    let pool = odd_at_the_second(|| async { panic!("no socket") }).build();
    pool.acquire().await.unwrap().discard();
    sleep(secs(5)).await;
    assert_eq!((pool.stats().idle, pool.stats().created, pool.stats().create_failures), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_what_is_borrowed() {
    let pool = numbers().destroy(|_| sleep(secs(1))).build();
    let (held, idle) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(idle);
    spawn(async move {
        sleep(secs(5)).await;
        drop(held);
    })
    .detach();
    let start = Instant::now();
    pool.close(secs(60)).await.unwrap();
    assert_eq!(start.elapsed(), secs(6));
    assert!(pool.acquire().await.unwrap_err().is_closed());
    assert_eq!((pool.stats().alive, pool.stats().destroyed), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn close_ends_at_its_bound_and_counts_what_is_missing() {
    let pool = numbers().name("db").build();
    let held = pool.acquire().await.unwrap();
    let missing = pool.close(secs(2)).await.unwrap_err();
    assert_eq!(missing.items(), 1);
    assert_eq!(missing.to_string(), "pool `db` was closed while 1 of its items were still alive");
    drop(held);
    assert_eq!(pool.stats().alive, 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_is_not_filled() {
    let pool = numbers().min(1).build();
    pool.close(secs(1)).await.unwrap();
    assert!(pool.fill().await.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn close_sends_waiters_away() {
    let pool = numbers().max(1).build();
    let _held = pool.acquire().await.unwrap();
    let other = pool.clone();
    let waits = spawn(async move { other.acquire().await.map(drop) });
    settle().await;
    assert!(pool.close(secs(0)).await.is_err());
    assert!(waits.await.unwrap().unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_pool_without_handles_destroys_its_items() {
    let destroyed = Shared::new(0);
    let count = destroyed.clone();
    let pool = numbers().destroy(move |_| {
        let count = count.clone();
        async move { count.update(|count| *count += 1) }
    });
    let pool = pool.build();
    let (held, idle) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(idle);
    drop(pool);
    destroyed.until(|count| *count == 1).await;
    assert_eq!(*held, 1);
    drop(held);
    destroyed.until(|count| *count == 2).await;
}

#[tokio::test(start_paused = true)]
async fn as_a_service_it_is_filled_at_the_start_and_closed_at_the_end() {
    let pool = numbers().min(2).build();
    let running: Running = Entrypoint::new("test").service(pool.clone()).start().await.unwrap();
    assert_eq!(pool.stats().idle, 2);
    running.stop().await.unwrap();
    assert!(pool.acquire().await.unwrap_err().is_closed());
    assert_eq!(pool.stats().alive, 0);
}

#[tokio::test(start_paused = true)]
async fn as_a_service_it_does_not_start_without_its_backend() {
    let (_, builder) = fallible();
    let error = Entrypoint::new("test").service(builder.name("db").min(1).build()).start().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "service `db` did not start: pool `db` could not make an item: connection refused"
    );
}

#[test]
fn a_guard_may_be_dropped_outside_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let pool = numbers().destroy(|_| async {}).max(1).build();
    let guard = runtime.block_on(pool.acquire()).unwrap();
    guard.discard();
    assert_eq!(*runtime.block_on(pool.acquire()).unwrap(), 2);
}
