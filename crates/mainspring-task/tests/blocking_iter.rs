//! What an iterator on a pool promises as a stream: order, back-pressure, errors, its end.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainspring_task::blocking::{Builder, Full, Items, Pool, run_in, threaded_iter};
use mainspring_task::{all_tasks, spawn};
use tokio::sync::oneshot;
use tokio::task::yield_now;

fn one_thread() -> Pool {
    Pool::builder("rows").threads(1).build()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn resting(pool: &Pool) {
    while pool.stats().running + pool.stats().queued > 0 {
        yield_now().await;
    }
}

async fn values<T: Send + 'static>(mut items: Items<T>) -> Vec<T> {
    let mut values = Vec::new();
    while let Some(item) = items.next().await {
        values.push(item.unwrap());
    }
    values
}

/// Counts how far it was advanced, and says on which thread it is dropped.
struct Rows {
    advanced: Arc<AtomicUsize>,
    dropped: Option<oneshot::Sender<Option<String>>>,
}

impl Rows {
    fn new() -> (Self, Arc<AtomicUsize>, oneshot::Receiver<Option<String>>) {
        let (told, tell) = oneshot::channel();
        let advanced = Arc::new(AtomicUsize::new(0));
        (Rows { advanced: Arc::clone(&advanced), dropped: Some(told) }, advanced, tell)
    }
}

impl Iterator for Rows {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        Some(self.advanced.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        let _ = self.dropped.take().unwrap().send(std::thread::current().name().map(str::to_owned));
    }
}

#[tokio::test]
async fn the_items_come_in_order_and_then_the_end() {
    let mut items = threaded_iter(|| 0..100);
    for number in 0..100 {
        assert_eq!(items.next().await.unwrap().unwrap(), number);
    }
    assert!(items.next().await.is_none());
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn an_empty_iterator_ends_at_once() {
    assert!(values(threaded_iter(Vec::<u8>::new)).await.is_empty());
}

#[tokio::test]
async fn every_size_of_buffer_gives_all_items() {
    for buffer in [0, 1, 2, 3, 7, 1000] {
        let items = Builder::new().buffer(buffer).iter(|| 0..50);
        assert!(values(items).await.into_iter().eq(0..50), "buffer {buffer}");
    }
}

#[tokio::test]
async fn the_iterator_runs_on_a_thread_of_the_pool() {
    let pool = one_thread();
    let items = Builder::new()
        .on(&pool)
        .iter(|| std::iter::once_with(|| std::thread::current().name().map(str::to_owned)));
    assert_eq!(values(items).await, [Some("rows-0".to_owned())]);
}

#[tokio::test]
async fn nothing_happens_before_the_first_poll() {
    let pool = one_thread();
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let items = Builder::new().on(&pool).iter(move || {
        count.fetch_add(1, Ordering::Relaxed);
        0..3
    });
    drop(items);
    assert_eq!((made.load(Ordering::Relaxed), pool.stats().threads), (0, 0));
}

#[tokio::test]
async fn the_iterator_is_at_most_a_buffer_ahead_and_holds_no_thread_then() {
    let pool = one_thread();
    let (rows, advanced, _) = Rows::new();
    let mut items = Builder::new().on(&pool).buffer(4).iter(move || rows);
    for taken in 1..=20 {
        items.next().await.unwrap().unwrap();
        resting(&pool).await;
        assert!(advanced.load(Ordering::Relaxed) <= taken + 4);
    }
    assert_eq!(run_in(&pool, || 1).await.unwrap(), 1);
}

#[tokio::test]
async fn a_stream_that_is_dropped_while_it_rests_drops_the_iterator_on_the_pool() {
    let pool = one_thread();
    let (rows, _, dropped) = Rows::new();
    let mut items = Builder::new().on(&pool).buffer(2).iter(move || rows);
    items.next().await.unwrap().unwrap();
    resting(&pool).await;
    drop(items);
    assert_eq!(dropped.await.unwrap().as_deref(), Some("rows-0"));
}

#[tokio::test]
async fn a_full_pool_still_drops_the_iterator_of_a_dropped_stream() {
    let pool = Pool::builder("rows").threads(1).queue(0).when_full(Full::Refuse).build();
    let (rows, _, dropped) = Rows::new();
    let mut items = Builder::new().on(&pool).buffer(2).iter(move || rows);
    items.next().await.unwrap().unwrap();
    resting(&pool).await;
    let (go, gone) = oneshot::channel::<()>();
    let busy = run_in(&pool, move || gone.blocking_recv());
    drop(items);
    go.send(()).unwrap();
    assert_eq!(dropped.await.unwrap().as_deref(), Some("rows-0"));
    busy.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_while_it_runs_stops_at_the_next_item() {
    let pool = one_thread();
    let (mut rows, advanced, dropped) = Rows::new();
    let (running, runs) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let (mut running, mut gone) = (Some(running), Some(gone));
    let mut items = Builder::new().on(&pool).iter(move || {
        std::iter::from_fn(move || {
            if let (Some(running), Some(gone)) = (running.take(), gone.take()) {
                running.send(()).unwrap();
                let _ = gone.blocking_recv();
            }
            rows.next()
        })
    });
    assert!(poll(pin!(items.next())).is_pending());
    runs.await.unwrap();
    drop(items);
    go.send(()).unwrap();
    assert_eq!(dropped.await.unwrap().as_deref(), Some("rows-0"));
    assert_eq!(advanced.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_panic_comes_after_the_items_before_it_and_ends_the_stream() {
    let mut items = Builder::new()
        .name("rows")
        .iter(|| (0..5).inspect(|number| assert!(*number < 3, "row {number} is bad")));
    for number in 0..3 {
        assert_eq!(items.next().await.unwrap().unwrap(), number);
    }
    let error = items.next().await.unwrap().unwrap_err();
    assert_eq!(error.panic_message(), Some("row 3 is bad"));
    assert!(error.to_string().contains("tests/blocking_iter.rs:"), "{error}");
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn a_panic_while_the_iterator_is_made_is_an_error() {
    let mut items = threaded_iter(|| -> Vec<u8> { panic!("no table") });
    assert_eq!(items.next().await.unwrap().unwrap_err().panic_message(), Some("no table"));
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn a_pool_that_is_shut_down_ends_the_stream_with_an_error_after_what_is_ready() {
    let pool = one_thread();
    let (rows, _, dropped) = Rows::new();
    let mut items = Builder::new().on(&pool).buffer(2).iter(move || rows);
    items.next().await.unwrap().unwrap();
    resting(&pool).await;
    pool.shutdown(Duration::from_secs(60)).await.unwrap();
    let error = loop {
        if let Err(error) = items.next().await.unwrap() {
            break error;
        }
    };
    assert!(error.is_shut_down());
    assert!(items.next().await.is_none());
    assert!(dropped.await.unwrap().unwrap().starts_with("rows-"));
}

#[tokio::test]
async fn a_pool_that_refuses_ends_the_stream_with_an_error() {
    let pool = Pool::builder("rows").threads(1).queue(0).when_full(Full::Refuse).build();
    let (go, gone) = oneshot::channel::<()>();
    let busy = run_in(&pool, move || gone.blocking_recv());
    let mut items = Builder::new().on(&pool).iter(|| 0..3);
    assert!(items.next().await.unwrap().unwrap_err().is_full());
    assert!(items.next().await.is_none());
    go.send(()).unwrap();
    busy.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_lines_up_for_a_full_pool() {
    let pool = Pool::builder("rows").threads(1).queue(0).build();
    let (go, gone) = oneshot::channel::<()>();
    let busy = run_in(&pool, move || gone.blocking_recv());
    let items = Builder::new().on(&pool).iter(|| 0..30);
    let mut reading = pin!(values(items));
    assert!(poll(reading.as_mut()).is_pending());
    assert_eq!(pool.stats().waiting, 1);
    go.send(()).unwrap();
    assert!(reading.await.into_iter().eq(0..30));
    busy.await.unwrap().unwrap();
}

#[tokio::test]
async fn more_open_streams_than_threads_do_not_starve_each_other_or_other_jobs() {
    let pool = one_thread();
    let mut streams: Vec<_> = (0..5).map(|_| Builder::new().on(&pool).buffer(2).iter(|| 0..)).collect();
    for number in 0..20 {
        for items in &mut streams {
            assert_eq!(items.next().await.unwrap().unwrap(), number);
            assert_eq!(run_in(&pool, move || number).await.unwrap(), number);
        }
    }
}

#[tokio::test]
async fn a_reader_cancelled_while_it_waits_loses_no_item() {
    let pool = one_thread();
    let mut items = Builder::new().on(&pool).buffer(3).iter(|| 0..1000);
    let mut got = Vec::new();
    loop {
        // The first future is dropped after one poll, so that some of them wait and go away.
        let polled = poll(pin!(items.next()));
        let item = match polled {
            Poll::Ready(item) => item,
            Poll::Pending => items.next().await,
        };
        match item {
            Some(item) => got.push(item.unwrap()),
            None => break,
        }
    }
    assert!(got.into_iter().eq(0..1000));
}

#[tokio::test]
async fn an_advance_stands_in_the_registry_under_the_name_of_the_stream() {
    let pool = one_thread();
    let (go, gone) = oneshot::channel::<()>();
    let busy = run_in(&pool, move || gone.blocking_recv());
    let mut items = Builder::new().name("the rows").on(&pool).iter(|| 0..3);
    assert!(poll(pin!(items.next())).is_pending());
    assert!(all_tasks().iter().any(|task| &*task.name() == "the rows"));
    go.send(()).unwrap();
    assert_eq!(values(items).await, [0, 1, 2]);
    assert!(!all_tasks().iter().any(|task| &*task.name() == "the rows"));
    busy.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_on_two_threads_give_each_item_once_in_order() {
    let pool = Pool::builder("rows").threads(2).queue(1).build();
    let readers: Vec<_> = (0..6)
        .map(|reader| {
            let items = Builder::new().on(&pool).buffer(1 + reader).iter(|| 0..500);
            spawn(values(items))
        })
        .collect();
    for reader in readers {
        assert!(reader.await.unwrap().into_iter().eq(0..500));
    }
    pool.shutdown(Duration::from_secs(60)).await.unwrap();
}
