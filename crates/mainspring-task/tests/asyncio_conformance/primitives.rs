//! Locks, semaphores, events and conditions are tokio's, and are tested under our cancellation; the
//! barrier and the queue are ours.

use std::sync::Arc;

use mainspring_task::spawn;
use mainspring_task::sync::{Barrier, Queue, Shutdown};
use tokio::sync::{Mutex, Notify, Semaphore};

use crate::support::{Log, cancel, settle};

#[tokio::test]
async fn row_62_a_lock_is_fair_and_a_cancelled_waiter_does_not_swallow_it() {
    let (lock, log) = (Arc::new(Mutex::new(())), Log::new());
    let held = lock.lock().await;
    let wait = |line| {
        let (lock, log) = (Arc::clone(&lock), log.clone());
        spawn(async move {
            let _held = lock.lock().await;
            log.write(line);
        })
    };
    let (one, two, three) = (wait("one"), wait("two"), wait("three"));
    settle().await;
    // Released and cancelled in the same turn: the lock is on its way to the one that goes away.
    drop(held);
    one.cancel();
    assert!(one.await.unwrap_err().is_cancelled());
    two.await.unwrap();
    three.await.unwrap();
    assert_eq!(log.read(), ["two", "three"]);
}

#[tokio::test]
async fn row_63_a_semaphore_is_fair_and_a_cancelled_waiter_hands_its_permit_on() {
    let (permits, log) = (Arc::new(Semaphore::new(1)), Log::new());
    let wait = |count, line| {
        let (permits, log) = (Arc::clone(&permits), log.clone());
        spawn(async move {
            let _permits = permits.acquire_many(count).await.unwrap();
            log.write(line);
        })
    };
    let large = wait(2, "large");
    settle().await;
    let small = wait(1, "small");
    settle().await;
    assert!(log.read().is_empty(), "a newcomer waits although a permit is there");
    assert!(cancel(large).await.unwrap_err().is_cancelled());
    small.await.unwrap();
    assert_eq!(log.read(), ["small"]);
}

/// Another answer: there is no event that is set and cleared; a [`Notify`] wakes those who wait now, and a
/// value to wait for is a `Shared`.
#[tokio::test]
async fn row_64_all_present_waiters_are_woken() {
    let (notify, log) = (Arc::new(Notify::new()), Log::new());
    let waiters = ["one", "two"].map(|line| {
        let (notify, log) = (Arc::clone(&notify), log.clone());
        spawn(async move {
            notify.notified().await;
            log.write(line);
        })
    });
    settle().await;
    notify.notify_waiters();
    for waiter in waiters {
        waiter.await.unwrap();
    }
    assert_eq!(log.read(), ["one", "two"]);
}

/// Another answer: a cancelled wait takes no lock again, because nothing after it runs.
#[tokio::test]
async fn row_65_a_waiter_cancelled_after_its_notification_hands_it_on() {
    let (notify, log) = (Arc::new(Notify::new()), Log::new());
    let wait = |line| {
        let (notify, log) = (Arc::clone(&notify), log.clone());
        spawn(async move {
            notify.notified().await;
            log.write(line);
        })
    };
    let (one, two) = (wait("one"), wait("two"));
    settle().await;
    notify.notify_one();
    one.cancel();
    assert!(one.await.unwrap_err().is_cancelled());
    two.await.unwrap();
    assert_eq!(log.read(), ["two"]);
}

#[tokio::test]
async fn row_66_a_barrier_frees_all_with_their_numbers_and_can_be_broken_and_used_again() {
    let barrier = Barrier::new(3);
    let arrive = || {
        let barrier = barrier.clone();
        spawn(async move { barrier.wait().await })
    };
    for _ in 0..2 {
        let mut numbers = Vec::new();
        for waiter in [arrive(), arrive(), arrive()] {
            numbers.push(waiter.await.unwrap().unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    }
    // One that is cancelled is not counted any more.
    assert!(cancel(arrive()).await.unwrap_err().is_cancelled());
    let waiters = [arrive(), arrive()];
    settle().await;
    assert_eq!(barrier.waiting(), 2);
    barrier.abort();
    for waiter in waiters {
        assert!(waiter.await.unwrap().is_err());
    }
    assert!(arrive().await.unwrap().is_err());
    barrier.reset();
    let waiter = arrive();
    settle().await;
    assert_eq!(barrier.waiting(), 1);
    barrier.reset();
    assert!(waiter.await.unwrap().is_err());
}

#[tokio::test]
async fn row_67_a_queue_loses_and_doubles_nothing_and_wakes_everybody_at_its_end() {
    let queue = Queue::bounded(1);
    let get = || {
        let queue = queue.clone();
        spawn(async move { queue.get().await })
    };
    let put = |item| {
        let queue = queue.clone();
        spawn(async move { queue.put(item).await })
    };
    let (gone, first, second) = (get(), get(), get());
    settle().await;
    // The item is on its way to the one that goes away.
    queue.put(1).await.unwrap();
    gone.cancel();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(first.await.unwrap(), Ok(1));
    queue.put(2).await.unwrap();
    assert_eq!(second.await.unwrap(), Ok(2));

    queue.put(3).await.unwrap();
    assert!(cancel(put(4)).await.unwrap_err().is_cancelled());
    assert_eq!(get().await.unwrap(), Ok(3));
    assert!(queue.try_get().is_err(), "a cancelled putter has put nothing");

    let joining = queue.clone();
    let join = spawn(async move { joining.join().await });
    settle().await;
    assert!(!join.is_finished());
    for _ in 0..3 {
        queue.task_done().unwrap();
    }
    join.await.unwrap();

    let waiting = [get(), get()];
    settle().await;
    queue.shutdown(Shutdown::AfterDrain);
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_err());
    }
    assert!(put(5).await.unwrap().is_err());
}
