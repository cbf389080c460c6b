//! What a pool of threads promises: values, bounds, order, cancellation, figures.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::cell::RefCell;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainspring_task::blocking::{Builder, Full, Job, Pool, is_cancelled, run_in, threaded};
use mainspring_task::inspect::State;
use mainspring_task::{all_tasks, current_task, spawn};
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// A job that runs until it is let go.
struct Held {
    job: Job<bool>,
    go: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the job runs.
    #[track_caller]
    fn new(pool: &Pool) -> impl Future<Output = Self> {
        let (running, runs) = oneshot::channel();
        let (go, gone) = oneshot::channel();
        let job = run_in(pool, move || {
            running.send(()).unwrap();
            let _ = gone.blocking_recv();
            is_cancelled()
        });
        async move {
            runs.await.unwrap();
            Held { job, go }
        }
    }

    async fn finish(self) -> bool {
        self.go.send(()).unwrap();
        self.job.await.unwrap()
    }
}

/// One thread and no queue: what is not running waits outside.
fn narrow() -> Pool {
    Pool::builder("narrow").threads(1).queue(0).build()
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Says when it is dropped, and on which thread.
struct Dropped(Option<oneshot::Sender<Option<String>>>);

impl Dropped {
    fn new() -> (Self, oneshot::Receiver<Option<String>>) {
        let (told, tell) = oneshot::channel();
        (Dropped(Some(told)), tell)
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.take().unwrap().send(std::thread::current().name().map(str::to_owned));
    }
}

#[tokio::test]
async fn the_value_reaches_the_awaiter() {
    assert_eq!(threaded(|| 6 * 7).await.unwrap(), 42);
}

#[tokio::test]
async fn a_panic_is_an_error_with_its_message_and_the_thread_lives_on() {
    let pool = Pool::builder("panicky").threads(1).build();
    let error = run_in(&pool, || -> u8 { panic!("no such {}", "thing") }).await.unwrap_err();
    assert!(error.is_panic() && !error.is_full());
    assert_eq!(error.panic_message(), Some("no such thing"));
    assert_eq!(run_in(&pool, || 1).await.unwrap(), 1);
    let stats = pool.stats();
    assert_eq!((stats.panicked, stats.completed, stats.threads), (1, 1, 1));
}

#[tokio::test]
async fn the_error_names_the_job_and_its_place() {
    let error = Builder::new().name("resize").run(|| panic!("boom")).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("task `resize` (") && text.contains("tests/blocking.rs:"), "{text}");
    assert!(text.ends_with("panicked: boom"), "{text}");
}

#[tokio::test]
async fn the_payload_of_a_panic_can_be_taken() {
    let error = threaded(|| std::panic::panic_any(7_u8)).await.unwrap_err();
    assert_eq!(*error.into_panic().unwrap().downcast::<u8>().unwrap(), 7);
}

#[tokio::test]
async fn a_job_starts_at_the_call() {
    let (started, starts) = oneshot::channel();
    let _unpolled = threaded(move || started.send(()));
    starts.await.unwrap();
}

#[tokio::test]
async fn a_job_can_be_made_outside_of_a_runtime() {
    let job = std::thread::spawn(|| threaded(|| 1)).join().unwrap();
    assert_eq!(job.await.unwrap(), 1);
}

#[tokio::test]
async fn threads_are_named_after_the_pool() {
    let pool = Pool::builder("disk").threads(2).build();
    let first = Held::new(&pool).await;
    let second = run_in(&pool, || std::thread::current().name().map(str::to_owned));
    assert_eq!(second.await.unwrap().as_deref(), Some("disk-1"));
    first.finish().await;
}

#[tokio::test]
async fn the_pools_of_the_process_are_named_io_and_cpu() {
    let name = || std::thread::current().name().unwrap().to_owned();
    assert!(threaded(name).await.unwrap().starts_with("io-"));
    assert!(run_in(Pool::cpu(), name).await.unwrap().starts_with("cpu-"));
    assert_eq!((Pool::io().name(), Pool::cpu().name()), ("io", "cpu"));
}

#[tokio::test]
async fn threads_start_when_they_are_needed() {
    let pool = Pool::builder("lazy").threads(4).build();
    assert_eq!(pool.stats().threads, 0);
    for _ in 0..100 {
        run_in(&pool, || {}).await.unwrap();
    }
    assert_eq!(pool.stats().threads, 1);
    let held = [Held::new(&pool).await, Held::new(&pool).await, Held::new(&pool).await];
    assert_eq!(pool.stats().threads, 3);
    for held in held {
        held.finish().await;
    }
}

#[tokio::test]
async fn there_are_no_more_threads_than_the_bound() {
    let pool = Pool::builder("two").threads(2).queue(2).build();
    let (first, second) = (Held::new(&pool).await, Held::new(&pool).await);
    let (third, fourth) = (run_in(&pool, || 3), run_in(&pool, || 4));
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.running, stats.queued, stats.idle), (2, 2, 2, 0));
    first.finish().await;
    second.finish().await;
    assert_eq!((third.await.unwrap(), fourth.await.unwrap()), (3, 4));
}

#[tokio::test]
async fn zero_threads_count_as_one() {
    let pool = Pool::builder("none").threads(0).build();
    assert_eq!(run_in(&pool, || 1).await.unwrap(), 1);
}

#[tokio::test]
async fn a_thread_ends_when_it_has_been_idle() {
    thread_local!(static AT_END: RefCell<Option<Dropped>> = const { RefCell::new(None) });
    let pool = Pool::builder("brief").threads(1).idle(Duration::from_millis(1)).build();
    let (dropped, end) = Dropped::new();
    run_in(&pool, move || AT_END.set(Some(dropped))).await.unwrap();
    end.await.unwrap();
    assert_eq!(pool.stats().threads, 0);
    assert_eq!(run_in(&pool, || 1).await.unwrap(), 1);
}

#[tokio::test]
async fn threads_end_with_the_last_handle_of_the_pool() {
    thread_local!(static AT_END: RefCell<Option<Dropped>> = const { RefCell::new(None) });
    let pool = Pool::builder("dropped").threads(1).build();
    let (dropped, end) = Dropped::new();
    run_in(&pool, move || AT_END.set(Some(dropped))).await.unwrap();
    drop(pool);
    end.await.unwrap();
}

#[tokio::test]
async fn a_job_outlives_the_handles_of_its_pool() {
    let pool = narrow();
    let held = Held::new(&pool).await;
    let mut waiting = run_in(&pool, || 2);
    drop(pool);
    assert!(poll(&mut waiting).is_pending());
    held.finish().await;
    assert_eq!(waiting.await.unwrap(), 2);
}

#[tokio::test]
async fn a_job_without_a_place_waits_for_one() {
    let pool = Pool::builder("waits").threads(1).queue(1).build();
    let held = Held::new(&pool).await;
    let queued = run_in(&pool, || 'q');
    let mut waiting = run_in(&pool, || 'w');
    assert!(poll(&mut waiting).is_pending());
    let stats = pool.stats();
    assert_eq!((stats.running, stats.queued, stats.waiting), (1, 1, 1));
    held.finish().await;
    assert_eq!((queued.await.unwrap(), waiting.await.unwrap()), ('q', 'w'));
    assert_eq!(pool.stats().refused, 0);
}

#[tokio::test]
async fn a_job_without_a_place_does_not_line_up_before_it_is_awaited() {
    let pool = narrow();
    let held = Held::new(&pool).await;
    let unpolled = run_in(&pool, || {});
    assert_eq!(pool.stats().waiting, 0);
    held.finish().await;
    unpolled.await.unwrap();
}

#[tokio::test]
async fn places_are_given_in_the_order_of_arrival() {
    let pool = narrow();
    let held = Held::new(&pool).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut jobs: Vec<_> = (0..5)
        .map(|number| {
            let order = Arc::clone(&order);
            run_in(&pool, move || order.lock().unwrap().push(number))
        })
        .collect();
    for job in &mut jobs {
        assert!(poll(job).is_pending());
    }
    held.finish().await;
    for job in jobs.into_iter().rev() {
        job.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_newcomer_does_not_overtake_who_waits() {
    let pool = Pool::builder("fair").threads(1).queue(1).build();
    let held = Held::new(&pool).await;
    let queued = run_in(&pool, || ());
    let mut waiting = run_in(&pool, || ());
    assert!(poll(&mut waiting).is_pending());
    drop(queued);
    // The free place went to the one who waited, though nobody has polled it since.
    let newcomer = run_in(&pool, || ());
    assert_eq!((pool.stats().queued, pool.stats().waiting), (1, 0));
    held.finish().await;
    waiting.await.unwrap();
    newcomer.await.unwrap();
}

#[tokio::test]
async fn queued_waits_for_the_place_and_not_for_the_value() {
    let pool = Pool::builder("admits").threads(1).queue(1).build();
    let (first, second) = (Held::new(&pool).await, run_in(&pool, || 2));
    let mut third = run_in(&pool, || 3);
    {
        let mut queued = Box::pin(third.queued());
        assert!(poll(&mut queued).is_pending());
        drop(second);
        queued.await;
    }
    assert_eq!(pool.stats().queued, 1);
    first.finish().await;
    third.queued().await;
    assert_eq!(third.await.unwrap(), 3);
}

#[tokio::test]
async fn a_job_dropped_while_it_waits_for_a_place_never_runs() {
    let pool = narrow();
    let held = Held::new(&pool).await;
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    let mut gone = run_in(&pool, move || flag.store(true, Ordering::Relaxed));
    let mut next = run_in(&pool, || ());
    assert!(poll(&mut gone).is_pending() && poll(&mut next).is_pending());
    drop(gone);
    held.finish().await;
    next.await.unwrap();
    assert!(!ran.load(Ordering::Relaxed));
    assert_eq!(Arc::strong_count(&ran), 1);
}

#[tokio::test]
async fn a_queued_job_that_is_dropped_never_runs_and_frees_its_place() {
    let pool = Pool::builder("frees").threads(1).queue(1).build();
    let held = Held::new(&pool).await;
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    drop(run_in(&pool, move || flag.store(true, Ordering::Relaxed)));
    assert_eq!((pool.stats().queued, Arc::strong_count(&ran)), (0, 1));
    held.finish().await;
    run_in(&pool, || ()).await.unwrap();
    assert!(!ran.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_running_job_that_is_dropped_is_told_and_runs_on() {
    let (running, runs) = oneshot::channel();
    let (done, finished) = oneshot::channel();
    let job = threaded(move || {
        running.send(is_cancelled()).unwrap();
        while !is_cancelled() {
            std::thread::yield_now();
        }
        done.send(()).unwrap();
    });
    assert!(!runs.await.unwrap());
    drop(job);
    finished.await.unwrap();
}

#[tokio::test]
async fn a_value_nobody_awaits_is_dropped_on_the_thread_of_the_pool() {
    let pool = Pool::builder("unseen").threads(1).build();
    let (value, dropped) = Dropped::new();
    let (running, runs) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let job = run_in(&pool, move || {
        running.send(()).unwrap();
        gone.blocking_recv().unwrap();
        value
    });
    runs.await.unwrap();
    drop(job);
    go.send(()).unwrap();
    assert_eq!(dropped.await.unwrap().as_deref(), Some("unseen-0"));
}

#[tokio::test]
async fn cancelling_the_awaiting_task_gives_the_job_up() {
    let pool = narrow();
    let (running, runs) = oneshot::channel();
    let (done, finished) = oneshot::channel();
    let waiter = spawn(async move {
        run_in(&pool, move || {
            running.send(()).unwrap();
            while !is_cancelled() {
                std::thread::yield_now();
            }
            done.send(()).unwrap();
        })
        .await
    });
    runs.await.unwrap();
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    finished.await.unwrap();
}

#[test]
fn outside_of_a_job_nothing_is_cancelled() {
    assert!(!is_cancelled());
}

#[tokio::test]
async fn a_full_pool_may_refuse() {
    let pool = Pool::builder("strict").threads(1).queue(1).when_full(Full::Refuse).build();
    let held = Held::new(&pool).await;
    let queued = run_in(&pool, || ());
    let error = run_in(&pool, || ()).await.unwrap_err();
    assert!(error.is_full() && !error.is_shut_down());
    assert_eq!(error.to_string(), "pool `strict` is full: 1 threads are busy and 1 jobs are queued");
    assert_eq!(pool.stats().refused, 1);
    held.finish().await;
    queued.await.unwrap();
}

#[tokio::test]
async fn a_job_is_never_refused_while_a_thread_is_free() {
    let pool = Pool::builder("handoff").threads(2).queue(0).when_full(Full::Refuse).build();
    for _ in 0..500 {
        let (one, two) = (run_in(&pool, || ()), run_in(&pool, || ()));
        one.await.unwrap();
        two.await.unwrap();
    }
    assert_eq!((pool.stats().refused, pool.stats().completed), (0, 1000));
}

#[tokio::test]
async fn a_job_stands_in_the_registry_from_the_call_to_its_end() {
    let pool = narrow();
    let held = Held::new(&pool).await;
    let line = Location::caller().line() + 1;
    let waiting = Builder::new().name("resize").on(&pool).run(|| ());
    let id = waiting.reference().id();
    let info = all_tasks().into_iter().find(|task| task.id() == id).unwrap().info();
    assert_eq!((&*info.name, info.state, info.place.line()), ("resize", State::New, line));
    assert_eq!(held.job.reference().info().state, State::Running);
    held.finish().await;
    waiting.await.unwrap();
    assert!(!all_tasks().iter().any(|task| task.id() == id));
}

#[tokio::test]
async fn a_job_that_never_runs_leaves_the_registry() {
    let pool = Pool::builder("leaves").threads(1).queue(0).when_full(Full::Refuse).build();
    let held = Held::new(&pool).await;
    let refused = run_in(&pool, || ());
    let id = refused.reference().id();
    assert!(!all_tasks().iter().any(|task| task.id() == id));
    held.finish().await;
}

#[tokio::test]
async fn a_job_knows_its_parent_and_is_the_current_task_inside() {
    let (parent, job, info) = spawn(async {
        let parent = current_task().unwrap().id();
        let job = threaded(|| current_task().unwrap().info());
        let id = job.reference().id();
        (parent, id, job.await.unwrap())
    })
    .await
    .unwrap();
    assert_eq!((info.id, info.parent), (job, Some(parent)));
}

#[tokio::test]
async fn a_job_can_spawn_tasks_and_wait_for_them() {
    let value = threaded(|| {
        let task = spawn(async {
            yield_now().await;
            7
        });
        tokio::runtime::Handle::current().block_on(task)
    });
    assert_eq!(value.await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn a_job_cancelled_in_the_registry_before_it_starts_never_runs() {
    let pool = Pool::builder("asked").threads(1).queue(1).build();
    let held = Held::new(&pool).await;
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    let queued = run_in(&pool, move || flag.store(true, Ordering::Relaxed));
    assert!(queued.reference().cancel_with("enough"));
    held.finish().await;
    let error = queued.await.unwrap_err();
    assert!(error.is_cancelled());
    assert!(error.to_string().ends_with("was cancelled: enough"), "{error}");
    assert!(!ran.load(Ordering::Relaxed));
    assert_eq!(pool.stats().completed, 1);
}

#[tokio::test]
async fn a_job_cancelled_in_the_registry_while_it_runs_is_told() {
    let pool = narrow();
    let held = Held::new(&pool).await;
    held.job.reference().cancel();
    assert!(held.finish().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_dropped_at_any_moment_leave_the_figures_right() {
    let pool = Pool::builder("stress").threads(3).queue(4).build();
    let ran = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..8_usize)
        .map(|task| {
            let (pool, ran) = (pool.clone(), Arc::clone(&ran));
            spawn(async move {
                for round in 0..300 {
                    let ran = Arc::clone(&ran);
                    let mut job = run_in(&pool, move || ran.fetch_add(1, Ordering::Relaxed));
                    match (task + round) % 3 {
                        0 => drop(job),
                        1 => {
                            let _ = poll(&mut job);
                            yield_now().await;
                        }
                        _ => drop(job.await.unwrap()),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    pool.shutdown(Duration::from_secs(60)).await.unwrap();
    let stats = pool.stats();
    assert_eq!((stats.running, stats.queued, stats.waiting, stats.threads), (0, 0, 0, 0));
    assert_eq!(stats.completed, ran.load(Ordering::Relaxed) as u64);
}
