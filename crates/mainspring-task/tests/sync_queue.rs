//! What a queue promises: order, bounds, cancellation, the count of what is unfinished, its end.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mainspring_task::spawn;
use mainspring_task::sync::{Queue, Shutdown};
use tokio::task::yield_now;

/// One poll with a waker that does nothing.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn the_oldest_comes_first() {
    let queue = Queue::unbounded();
    for number in 0..3 {
        queue.put(number).await.unwrap();
    }
    assert_eq!((queue.get().await, queue.get().await, queue.get().await), (Ok(0), Ok(1), Ok(2)));
}

#[test]
fn a_lifo_queue_gives_the_newest_first() {
    let queue = Queue::unbounded_lifo();
    for number in 0..3 {
        queue.try_put(number).unwrap();
    }
    assert_eq!((queue.try_get(), queue.try_get(), queue.try_get()), (Ok(2), Ok(1), Ok(0)));
}

#[test]
fn a_priority_queue_gives_the_least_first() {
    let queue = Queue::unbounded_priority();
    for number in [3, 1, 2] {
        queue.try_put(number).unwrap();
    }
    assert_eq!((queue.try_get(), queue.try_get(), queue.try_get()), (Ok(1), Ok(2), Ok(3)));
}

#[test]
fn a_priority_queue_gives_equals_in_the_order_they_were_put() {
    /// Compares by rank alone.
    #[derive(Debug)]
    struct Job(u8, &'static str);
    impl PartialEq for Job {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Job {}
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Job {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    let queue = Queue::bounded_priority(8);
    for job in [Job(1, "a"), Job(0, "first"), Job(1, "b"), Job(1, "c")] {
        queue.try_put(job).unwrap();
    }
    let names: Vec<_> = std::iter::from_fn(|| queue.try_get().ok()).map(|job| job.1).collect();
    assert_eq!(names, ["first", "a", "b", "c"]);
}

#[test]
#[should_panic(expected = "one place at least")]
fn a_bound_of_zero_is_refused() {
    let _ = Queue::<u8>::bounded(0);
}

#[test]
fn try_put_gives_the_item_back_when_full() {
    let queue = Queue::bounded(1);
    queue.try_put('a').unwrap();
    let rejected = queue.try_put('b').unwrap_err();
    assert!(rejected.error().is_full());
    assert_eq!(rejected.to_string(), "the queue is full: it holds 1 items");
    assert_eq!(rejected.into_item(), 'b');
    assert_eq!(queue.len(), 1);
}

#[test]
fn try_get_on_an_empty_queue_says_so() {
    assert!(Queue::<u8>::unbounded().try_get().unwrap_err().is_empty());
}

#[tokio::test]
async fn a_put_waits_for_a_place() {
    let queue = Queue::bounded(1);
    queue.put(1).await.unwrap();
    let mut second = pin!(queue.put(2));
    assert!(poll(&mut second).is_pending());
    assert_eq!(queue.get().await, Ok(1));
    second.await.unwrap();
    assert_eq!(queue.get().await, Ok(2));
}

#[tokio::test]
async fn getters_are_served_in_the_order_they_came() {
    let queue = Queue::unbounded();
    let (mut first, mut second) = (pin!(queue.get()), pin!(queue.get()));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    queue.try_put('a').unwrap();
    assert!(poll(&mut second).is_pending());
    assert_eq!(first.await, Ok('a'));
    queue.try_put('b').unwrap();
    assert_eq!(second.await, Ok('b'));
}

#[tokio::test]
async fn putters_are_served_in_the_order_they_came() {
    let queue = Queue::bounded(1);
    queue.try_put(0).unwrap();
    let (mut first, mut second) = (pin!(queue.put(1)), pin!(queue.put(2)));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    assert_eq!(queue.get().await, Ok(0));
    assert!(poll(&mut second).is_pending());
    first.await.unwrap();
    assert_eq!(queue.get().await, Ok(1));
    second.await.unwrap();
    assert_eq!(queue.get().await, Ok(2));
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_who_waits() {
    let queue = Queue::unbounded();
    let mut waiting = pin!(queue.get());
    assert!(poll(&mut waiting).is_pending());
    queue.try_put('a').unwrap();
    assert!(queue.try_get().unwrap_err().is_empty());
    assert_eq!(waiting.await, Ok('a'));
}

#[tokio::test]
async fn a_getter_cancelled_after_it_was_woken_loses_no_item() {
    let queue = Queue::unbounded();
    {
        let mut gone = pin!(queue.get());
        assert!(poll(&mut gone).is_pending());
        queue.try_put(7).unwrap();
    }
    assert_eq!(queue.try_get(), Ok(7));
}

#[tokio::test]
async fn the_turn_of_a_cancelled_getter_goes_to_the_next() {
    let queue = Queue::unbounded();
    let mut gone = Box::pin(queue.get());
    let mut next = pin!(queue.get());
    assert!(poll(&mut gone).is_pending() && poll(&mut next).is_pending());
    queue.try_put(7).unwrap();
    drop(gone);
    assert_eq!(poll(&mut next), Poll::Ready(Ok(7)));
}

#[tokio::test]
async fn a_cancelled_putter_inserts_nothing() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    {
        let mut gone = pin!(queue.put(2));
        assert!(poll(&mut gone).is_pending());
        assert_eq!(queue.try_get(), Ok(1));
    }
    assert!(queue.is_empty());
    queue.try_put(3).unwrap();
    assert_eq!(queue.try_get(), Ok(3));
}

#[tokio::test]
async fn the_turn_of_a_cancelled_putter_goes_to_the_next() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let mut gone = Box::pin(queue.put(2));
    let mut next = pin!(queue.put(3));
    assert!(poll(&mut gone).is_pending() && poll(&mut next).is_pending());
    assert_eq!(queue.try_get(), Ok(1));
    drop(gone);
    assert!(poll(&mut next).is_ready());
    assert_eq!(queue.try_get(), Ok(3));
}

#[tokio::test]
async fn join_returns_at_once_when_nothing_is_unfinished() {
    Queue::<u8>::unbounded().join().await;
}

#[tokio::test]
async fn join_waits_until_each_item_is_done() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let mut joined = pin!(queue.join());
    while queue.try_get().is_ok() {}
    assert!(poll(&mut joined).is_pending());
    queue.task_done().unwrap();
    assert!(poll(&mut joined).is_pending());
    queue.task_done().unwrap();
    joined.await;
}

#[tokio::test]
async fn join_sees_a_moment_without_unfinished_items_even_when_more_come() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let mut joined = pin!(queue.join());
    assert!(poll(&mut joined).is_pending());
    queue.task_done().unwrap();
    queue.try_put(2).unwrap();
    joined.await;
}

#[test]
fn an_item_too_many_reported_done_is_an_error() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.task_done().unwrap();
    assert!(queue.task_done().unwrap_err().is_nothing_unfinished());
}

#[tokio::test]
async fn shutdown_wakes_every_getter() {
    let queue = Queue::<u8>::unbounded();
    let getters: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            spawn(async move { queue.get().await })
        })
        .collect();
    yield_now().await;
    queue.shutdown(Shutdown::AfterDrain);
    for getter in getters {
        assert!(getter.await.unwrap().unwrap_err().is_shut_down());
    }
}

#[tokio::test]
async fn shutdown_wakes_every_putter_and_gives_its_item_back() {
    let queue = Queue::bounded(1);
    queue.try_put(0).unwrap();
    let putters: Vec<_> = (1..4)
        .map(|number| {
            let queue = queue.clone();
            spawn(async move { (number, queue.put(number).await) })
        })
        .collect();
    yield_now().await;
    queue.shutdown(Shutdown::AfterDrain);
    for putter in putters {
        let (number, result) = putter.await.unwrap();
        let rejected = result.unwrap_err();
        assert!(rejected.error().is_shut_down());
        assert_eq!(rejected.into_item(), number);
    }
    assert_eq!(queue.len(), 1);
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_put() {
    let queue = Queue::bounded(1);
    queue.shutdown(Shutdown::AfterDrain);
    assert!(queue.put(1).await.unwrap_err().error().is_shut_down());
    assert!(queue.try_put(2).unwrap_err().error().is_shut_down());
    let queue = Queue::unbounded();
    queue.shutdown(Shutdown::Immediate);
    assert!(queue.put(1).await.unwrap_err().error().is_shut_down());
}

#[tokio::test]
async fn shutdown_after_drain_gives_what_is_left_first() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.shutdown(Shutdown::AfterDrain);
    assert_eq!((queue.get().await, queue.try_get()), (Ok(1), Ok(2)));
    assert!(queue.get().await.unwrap_err().is_shut_down());
    assert!(queue.try_get().unwrap_err().is_shut_down());
}

#[tokio::test]
async fn a_getter_woken_before_the_shutdown_still_gets_its_item() {
    let queue = Queue::unbounded();
    let mut getter = pin!(queue.get());
    assert!(poll(&mut getter).is_pending());
    queue.try_put(7).unwrap();
    queue.shutdown(Shutdown::AfterDrain);
    assert_eq!(getter.await, Ok(7));
}

#[tokio::test]
async fn an_immediate_shutdown_drops_what_is_left_and_counts_it_done() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let mut joined = pin!(queue.join());
    assert!(poll(&mut joined).is_pending());
    queue.shutdown(Shutdown::Immediate);
    joined.await;
    assert!(queue.is_empty());
    assert!(queue.get().await.unwrap_err().is_shut_down());
}

#[tokio::test]
async fn join_waits_for_items_taken_before_an_immediate_shutdown() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.try_get().unwrap();
    queue.shutdown(Shutdown::Immediate);
    let mut joined = pin!(queue.join());
    assert!(poll(&mut joined).is_pending());
    queue.task_done().unwrap();
    joined.await;
}

#[tokio::test]
async fn an_immediate_shutdown_drops_what_a_drain_had_left() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.shutdown(Shutdown::AfterDrain);
    queue.shutdown(Shutdown::Immediate);
    assert!(queue.try_get().unwrap_err().is_shut_down());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_on_two_threads_take_each_item_once() {
    let queue = Queue::bounded(4);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            spawn(async move {
                let mut taken = Vec::new();
                while let Ok(item) = queue.get().await {
                    taken.push(item);
                    queue.task_done().unwrap();
                }
                taken
            })
        })
        .collect();
    for number in 0..2000_u32 {
        queue.put(number).await.unwrap();
    }
    queue.join().await;
    queue.shutdown(Shutdown::AfterDrain);
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..2000));
}
