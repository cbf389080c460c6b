//! Pools that work as they should.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use mainspring_service::process::{JobError, WorkerPool, WorkerPoolBuilder};
use mainspring_service::{Entrypoint, Running};
use mainspring_task::blocking::Full;
use mainspring_task::{gather, spawn};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::harness::eventually;
use crate::jobs::{Picture, Pixel, Size};
use crate::{log, proc, roles};

/// A pool that runs.
pub(crate) async fn start(builder: WorkerPoolBuilder) -> (WorkerPool, Running) {
    let pool = builder.build();
    let running = Entrypoint::new("test").service(pool.clone()).start().await.unwrap();
    (pool, running)
}

pub(crate) async fn pid(pool: &WorkerPool) -> u32 {
    pool.run("pid", &()).await.unwrap()
}

pub(crate) async fn a_job_gives_its_value() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let doubled: u64 = pool.run("double", &21).await.unwrap();
    assert_eq!(doubled, 42);
    let reversed: String = pool.run("reverse", "abc").await.unwrap();
    assert_eq!(reversed, "cba");
    assert_ne!(pid(&pool).await, std::process::id());
    running.stop().await.unwrap();
}

pub(crate) async fn what_json_can_say_arrives() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let picture = Picture {
        title: None,
        scale: f64::INFINITY,
        size: Size { width: u64::MAX, height: i64::MIN },
        pixels: [((1, 2), Pixel::Gray(3)), ((4, 5), Pixel::Named("red".into()))].into(),
    };
    let back: Picture = pool.run("picture", &picture).await.unwrap();
    assert_eq!(back, picture);
    running.stop().await.unwrap();
}

pub(crate) async fn a_big_payload_goes_both_ways() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let big = "0123456789abcdef".repeat(1024 * 1024);
    let back: String = pool.run("reverse", &big).await.unwrap();
    assert_eq!(back.len(), 16 * 1024 * 1024);
    assert!(back.starts_with("fedcba"));
    running.stop().await.unwrap();
}

pub(crate) async fn jobs_of_one_worker_run_in_order() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let names: Vec<_> = (0..20).map(|number| format!("order {number:02}")).collect();
    let jobs = names.iter().map(|name| pool.run::<_, ()>("print", name));
    gather(jobs).await.unwrap();
    let mut lines = Vec::new();
    for name in &names {
        lines.push(log::position(&["stdout", "said: ", name]).await);
    }
    assert!(lines.is_sorted(), "{lines:?}");
    running.stop().await.unwrap();
}

pub(crate) async fn a_thousand_jobs_run_on_four_workers() {
    let (pool, running) = start(WorkerPool::builder(4)).await;
    let jobs = (0..1000).map(|number: u64| pool.run::<_, u64>("double", &number));
    let doubled = gather(jobs).await.unwrap();
    assert!(doubled.into_iter().eq((0..1000).map(|number| 2 * number)));
    let stats = pool.stats();
    assert_eq!((stats.done, stats.workers, stats.started, stats.busy), (1000, 4, 4, 0));
    running.stop().await.unwrap();
}

pub(crate) async fn jobs_that_come_before_the_start_wait_for_it() {
    let pool = WorkerPool::new(1);
    let job = spawn(pool.run::<_, u64>("double", &4));
    eventually(|| (pool.stats().queued == 1).then_some(())).await;
    let running = Entrypoint::new("test").service(pool).start().await.unwrap();
    assert_eq!(job.await.unwrap().unwrap(), 8);
    running.stop().await.unwrap();
}

pub(crate) async fn a_stopped_pool_refuses_and_a_started_one_takes_again() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    running.stop().await.unwrap();
    let error = pool.run::<_, u64>("double", &4).await.unwrap_err();
    assert!(error.is_stopped(), "{error}");
    assert_eq!(error.to_string(), "job `double` has no worker: the pool has stopped");
    let running = Entrypoint::new("test").service(pool.clone()).start().await.unwrap();
    assert_eq!(pool.run::<_, u64>("double", &4).await.unwrap(), 8);
    running.stop().await.unwrap();
}

pub(crate) async fn workers_start_at_once_unless_lazy() {
    let (eager, running) = start(WorkerPool::builder(2)).await;
    assert_eq!(eager.stats().workers, 2);
    running.stop().await.unwrap();
    let (lazy, running) = start(WorkerPool::builder(2).lazy()).await;
    assert_eq!(lazy.stats().started, 0);
    pid(&lazy).await;
    assert_eq!(lazy.stats().started, 1);
    running.stop().await.unwrap();
}

pub(crate) async fn a_worker_is_replaced_after_its_last_job() {
    let (pool, running) = start(WorkerPool::builder(1).max_jobs(2)).await;
    let (first, second, third) = (pid(&pool).await, pid(&pool).await, pid(&pool).await);
    assert_eq!(first, second);
    assert_ne!(second, third);
    assert!(!proc::runs(first));
    running.stop().await.unwrap();
}

pub(crate) async fn an_idle_worker_ends_and_the_next_job_starts_another() {
    let (pool, running) = start(WorkerPool::builder(1).idle(Duration::from_millis(20))).await;
    let first = pid(&pool).await;
    eventually(|| (pool.stats().workers == 0).then_some(())).await;
    assert!(!proc::runs(first));
    assert_ne!(pid(&pool).await, first);
    running.stop().await.unwrap();
}

pub(crate) async fn a_full_queue_refuses_when_told_to() {
    let (pool, running) = start(WorkerPool::builder(1).queue(1).when_full(Full::Refuse)).await;
    let runs = spawn(pool.run::<_, ()>("until cancelled", &()));
    eventually(|| (pool.stats().busy == 1).then_some(())).await;
    let waits = spawn(pool.run::<_, u64>("double", &1));
    eventually(|| (pool.stats().queued == 1).then_some(())).await;
    let error = pool.run::<_, u64>("double", &2).await.unwrap_err();
    assert!(error.is_full(), "{error}");
    runs.cancel();
    assert_eq!(waits.await.unwrap().unwrap(), 2);
    running.stop().await.unwrap();
}

pub(crate) async fn a_full_queue_waits_by_default() {
    let (pool, running) = start(WorkerPool::builder(1).queue(1)).await;
    let jobs = (0..50).map(|number: u64| pool.run::<_, u64>("double", &number));
    assert_eq!(gather(jobs).await.unwrap().len(), 50);
    running.stop().await.unwrap();
}

pub(crate) async fn a_cancelled_job_is_told_and_its_worker_lives() {
    let (pool, running) = start(WorkerPool::builder(1).name("cancelling")).await;
    let worker = pid(&pool).await;
    let job = spawn(pool.run::<_, ()>("until cancelled", &()));
    eventually(|| (pool.stats().busy == 1).then_some(())).await;
    job.cancel();
    assert!(job.await.unwrap_err().is_cancelled());
    assert_eq!(pid(&pool).await, worker);
    eventually(|| log::line_with(&["cancelling worker 1", "a job was cancelled"])).await;
    assert_eq!(pool.stats().cancelled, 1);
    running.stop().await.unwrap();
}

pub(crate) async fn a_job_that_does_not_heed_cancellation_costs_its_worker() {
    let grace = Duration::from_millis(50);
    let (pool, running) = start(WorkerPool::builder(1).cancel_grace(grace)).await;
    let worker = pid(&pool).await;
    let late = timeout(Duration::from_millis(100), pool.run::<_, ()>("spin", &())).await;
    assert!(late.is_err());
    assert_ne!(pid(&pool).await, worker);
    assert!(!proc::runs(worker));
    running.stop().await.unwrap();
}

pub(crate) async fn a_job_cancelled_in_the_queue_does_not_run() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let first = spawn(pool.run::<_, ()>("until cancelled", &()));
    eventually(|| (pool.stats().busy == 1).then_some(())).await;
    let second = spawn(pool.run::<_, ()>("print", "I must not be seen"));
    eventually(|| (pool.stats().queued == 1).then_some(())).await;
    second.cancel();
    assert!(second.await.is_err());
    first.cancel();
    assert!(first.await.is_err());
    pool.run::<_, ()>("print", "I may be seen").await.unwrap();
    eventually(|| log::line_with(&["I may be seen"])).await;
    assert_eq!(log::line_with(&["I must not be seen"]), None);
    assert_eq!(pool.stats().cancelled, 2);
    running.stop().await.unwrap();
}

pub(crate) async fn what_a_job_prints_is_in_the_log() {
    let (pool, running) = start(WorkerPool::builder(1).name("printing")).await;
    pool.run::<_, ()>("print", "hello").await.unwrap();
    eventually(|| log::line_with(&["printing worker 1", "stdout", "said: hello"])).await;
    eventually(|| log::line_with(&["printing worker 1", "stderr", "whispered: hello"])).await;
    running.stop().await.unwrap();
}

pub(crate) async fn a_job_finds_its_standard_input_empty() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    assert_eq!(pool.run::<_, String>("stdin", &()).await.unwrap(), "");
    assert_eq!(pool.run::<_, u64>("double", &1).await.unwrap(), 2);
    running.stop().await.unwrap();
}

pub(crate) async fn a_worker_has_no_socket_of_its_parent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = std::fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd())).unwrap();
    let (pool, running) = start(WorkerPool::builder(2)).await;
    let open: Vec<String> = pool.run("open", &()).await.unwrap();
    assert!(!open.contains(&ours.display().to_string()), "{ours:?} is among {open:?}");
    let sockets: HashSet<_> = open.iter().filter(|target| target.starts_with("socket:")).collect();
    assert!(sockets.len() <= 3, "beside the one to the parent there are two of the runtime: {open:?}");
    running.stop().await.unwrap();
}

pub(crate) async fn a_worker_goes_on_after_sigterm() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let worker = pid(&pool).await;
    proc::signal(worker, Signal::TERM);
    assert_eq!(pid(&pool).await, worker);
    running.stop().await.unwrap();
}

pub(crate) async fn a_pool_that_stops_leaves_no_process_and_no_zombie() {
    let (pool, running) = start(WorkerPool::builder(3)).await;
    let workers = proc::my_children();
    assert!(workers.len() >= 3, "{workers:?}");
    let killed = pid(&pool).await;
    proc::kill(killed);
    running.stop().await.unwrap();
    assert_eq!(proc::my_children(), []);
}

pub(crate) async fn what_a_job_has_started_ends_with_the_pool() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let sleeper: u32 = pool.run("start a sleeper", &()).await.unwrap();
    assert!(proc::runs(sleeper));
    running.stop().await.unwrap();
    assert!(!proc::runs(sleeper));
}

pub(crate) async fn a_job_under_way_at_the_stop_may_end() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let (naps, spins) = (pool.run::<_, u64>("nap", &200), pool.run::<_, u64>("double", &1));
    let naps = spawn(naps);
    eventually(|| (pool.stats().busy == 1).then_some(())).await;
    let waits = spawn(spins);
    eventually(|| (pool.stats().queued == 1).then_some(())).await;
    running.stop().await.unwrap();
    assert_eq!(naps.await.unwrap().unwrap(), 200);
    let error: JobError = waits.await.unwrap().unwrap_err();
    assert!(error.is_stopped(), "{error}");
}

pub(crate) async fn workers_die_with_a_parent_that_is_killed() {
    let mut parent = roles::role("parent", "").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "the workers work\n");
    let workers = proc::children_of(parent.id());
    assert_eq!(workers.len(), 2);
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually(|| workers.iter().all(|(id, _)| !proc::runs(*id)).then_some(())).await;
}

pub(crate) async fn a_worker_without_a_pool_says_so_and_ends() {
    for arguments in [&["a", "1", "1000"][..], &[]] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let output = command.arg0("mainspring-worker").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.starts_with("the worker ends: its "), "{text}");
    }
}
