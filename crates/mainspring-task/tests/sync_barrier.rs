//! What a barrier promises: who meets, in which order, and what breaks it.

use mainspring_task::sync::{Barrier, BrokenBarrier};
use mainspring_task::{Task, spawn};
use tokio::task::yield_now;

type Waiter = Task<Result<usize, BrokenBarrier>>;

/// A task that waits at the barrier, and is known to.
async fn waiter(barrier: &Barrier) -> Waiter {
    let (before, barrier) = (barrier.waiting(), barrier.clone());
    let at = barrier.clone();
    let task = spawn(async move { at.wait().await });
    while barrier.waiting() == before {
        yield_now().await;
    }
    task
}

#[tokio::test]
async fn the_last_arrival_frees_all_with_indexes_in_the_order_of_arrival() {
    let barrier = Barrier::new(3);
    let (first, second) = (waiter(&barrier).await, waiter(&barrier).await);
    assert_eq!(barrier.wait().await, Ok(2));
    assert_eq!(first.await.unwrap(), Ok(0));
    assert_eq!(second.await.unwrap(), Ok(1));
}

#[tokio::test]
async fn a_barrier_for_one_never_waits() {
    let barrier = Barrier::new(1);
    assert_eq!(barrier.wait().await, Ok(0));
    assert_eq!(barrier.wait().await, Ok(0));
}

#[test]
#[should_panic(expected = "not for zero")]
fn a_barrier_for_nobody_is_refused() {
    let _ = Barrier::new(0);
}

#[tokio::test]
async fn the_next_round_starts_empty() {
    let barrier = Barrier::new(2);
    for _ in 0..3 {
        let first = waiter(&barrier).await;
        assert_eq!(barrier.wait().await, Ok(1));
        assert_eq!(barrier.waiting(), 0);
        assert_eq!(first.await.unwrap(), Ok(0));
    }
}

#[tokio::test]
async fn a_cancelled_waiter_is_not_counted() {
    let barrier = Barrier::new(2);
    let gone = waiter(&barrier).await;
    gone.cancel();
    let _ = gone.await;
    assert_eq!(barrier.waiting(), 0);
    let first = waiter(&barrier).await;
    assert_eq!(barrier.wait().await, Ok(1));
    assert_eq!(first.await.unwrap(), Ok(0));
}

#[tokio::test]
async fn indexes_stay_unique_when_the_first_waiter_goes_away() {
    let barrier = Barrier::new(3);
    let (gone, second) = (waiter(&barrier).await, waiter(&barrier).await);
    gone.cancel();
    let _ = gone.await;
    let third = waiter(&barrier).await;
    assert_eq!(barrier.wait().await, Ok(2));
    assert_eq!((second.await.unwrap(), third.await.unwrap()), (Ok(0), Ok(1)));
}

#[tokio::test]
async fn a_waiter_cancelled_after_the_round_was_full_takes_nobody_with_it() {
    let barrier = Barrier::new(3);
    let (gone, second) = (waiter(&barrier).await, waiter(&barrier).await);
    // No await between the arrival and the request: the waiter is released and not yet polled.
    let last = barrier.wait().await;
    gone.cancel();
    assert_eq!(last, Ok(2));
    assert_eq!(second.await.unwrap(), Ok(1));
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(barrier.waiting(), 0);
}

#[tokio::test]
async fn abort_breaks_those_who_wait_and_those_who_come() {
    let barrier = Barrier::new(2);
    let waiting = waiter(&barrier).await;
    barrier.abort();
    assert!(barrier.is_broken());
    assert!(waiting.await.unwrap().is_err());
    assert!(barrier.wait().await.is_err());
}

#[tokio::test]
async fn reset_breaks_those_who_wait_and_nobody_after() {
    let barrier = Barrier::new(2);
    let waiting = waiter(&barrier).await;
    barrier.reset();
    assert!(waiting.await.unwrap().is_err());
    let first = waiter(&barrier).await;
    assert_eq!(barrier.wait().await, Ok(1));
    assert_eq!(first.await.unwrap(), Ok(0));
}

#[tokio::test]
async fn reset_mends_an_aborted_barrier() {
    let barrier = Barrier::new(1);
    barrier.abort();
    barrier.reset();
    assert!(!barrier.is_broken());
    assert_eq!(barrier.wait().await, Ok(0));
}

#[tokio::test]
async fn reset_does_not_break_a_round_that_was_full() {
    let barrier = Barrier::new(2);
    let first = waiter(&barrier).await;
    assert_eq!(barrier.wait().await, Ok(1));
    barrier.reset();
    assert_eq!(first.await.unwrap(), Ok(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rounds_on_two_threads_give_each_index_once() {
    const PARTIES: usize = 4;
    let barrier = Barrier::new(PARTIES);
    let tasks: Vec<_> = (0..PARTIES)
        .map(|_| {
            let barrier = barrier.clone();
            spawn(async move {
                let mut indexes = Vec::new();
                for _ in 0..200 {
                    indexes.push(barrier.wait().await.unwrap());
                }
                indexes
            })
        })
        .collect();
    let mut rounds = vec![Vec::new(); 200];
    for task in tasks {
        for (round, index) in task.await.unwrap().into_iter().enumerate() {
            rounds[round].push(index);
        }
    }
    for mut indexes in rounds {
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2, 3]);
    }
}
