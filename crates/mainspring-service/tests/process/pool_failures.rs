//! Jobs and workers that come to grief.

use std::time::Duration;

use mainspring_service::Entrypoint;
use mainspring_service::process::WorkerPool;
use mainspring_task::spawn;
use rustix::process::Signal;
use tokio::time::Instant;

use crate::harness::eventually;
use crate::pool::{pid, start};
use crate::{log, proc};

pub(crate) async fn an_error_of_a_job_comes_with_its_causes() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let error = pool.run::<_, u8>("parse", "many").await.unwrap_err();
    assert!(error.is_failed());
    assert_eq!(error.to_string(), "job `parse` failed: this is no number: invalid digit found in string");
    let error = pool.run::<_, String>("fail", "/no/such/file").await.unwrap_err();
    assert_eq!(error.message(), Some("No such file or directory (os error 2)"));
    running.stop().await.unwrap();
}

pub(crate) async fn a_panic_is_an_error_and_the_worker_lives() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let worker = pid(&pool).await;
    let error = pool.run::<_, ()>("panic", "thing").await.unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.to_string(), "job `panic` panicked: no such thing");
    assert_eq!(pid(&pool).await, worker);
    assert_eq!(pool.stats().failed, 1);
    running.stop().await.unwrap();
}

pub(crate) async fn an_unknown_job_is_named_with_those_there_are() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let error = pool.run::<_, ()>("tripel", &1).await.unwrap_err();
    assert!(error.is_unknown());
    let text = error.to_string();
    assert!(text.starts_with("there is no job `tripel`; the workers know `double`, `exit`,"), "{text}");
    running.stop().await.unwrap();
}

pub(crate) async fn arguments_of_another_type_are_an_error() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let error = pool.run::<_, u64>("double", "two").await.unwrap_err();
    assert!(error.is_encoding());
    assert!(error.to_string().starts_with("job `double` cannot be given these arguments: "), "{error}");
    running.stop().await.unwrap();
}

pub(crate) async fn a_value_of_another_type_is_an_error() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let error = pool.run::<_, String>("double", &2).await.unwrap_err();
    assert!(error.is_encoding());
    assert!(error.to_string().starts_with("the result of job `double` cannot be passed on: "), "{error}");
    running.stop().await.unwrap();
}

pub(crate) async fn a_value_beyond_the_limit_is_an_error_and_the_worker_lives() {
    let (pool, running) = start(WorkerPool::builder(1).max_frame(100_000)).await;
    let worker = pid(&pool).await;
    let error = pool.run::<_, String>("long", &200_000).await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
    assert_eq!(pid(&pool).await, worker);
    running.stop().await.unwrap();
}

pub(crate) async fn a_worker_killed_in_a_job_fails_it_and_is_replaced() {
    let (pool, running) = start(WorkerPool::builder(1).name("killed")).await;
    let worker = pid(&pool).await;
    let job = spawn(pool.run::<_, ()>("spin", &()));
    eventually(|| (pool.stats().busy == 1).then_some(())).await;
    proc::kill(worker);
    let error = job.await.unwrap().unwrap_err();
    assert!(error.is_lost());
    assert_eq!(
        error.to_string(),
        "job `spin` was lost with its worker `killed worker 1`: `killed worker 1` ended: signal: 9 (SIGKILL)"
    );
    assert_ne!(pid(&pool).await, worker);
    assert_eq!(pool.stats().lost, 1);
    running.stop().await.unwrap();
}

pub(crate) async fn a_job_that_ends_its_process_is_lost_with_the_status() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    let error = pool.run::<_, ()>("exit", &7).await.unwrap_err();
    assert!(error.is_lost());
    assert!(error.to_string().ends_with("ended: exit status: 7"), "{error}");
    running.stop().await.unwrap();
}

pub(crate) async fn a_worker_killed_while_idle_costs_no_job() {
    let (pool, running) = start(WorkerPool::builder(1)).await;
    for _ in 0..3 {
        let worker = pid(&pool).await;
        proc::kill(worker);
        while proc::runs(worker) {
            // The pool has no chance to see it: nothing is awaited here.
            std::hint::spin_loop();
        }
    }
    assert_eq!(pool.run::<_, u64>("double", &1).await.unwrap(), 2);
    assert_eq!(pool.stats().lost, 0);
    running.stop().await.unwrap();
}

pub(crate) async fn a_worker_that_stands_still_is_killed_when_its_job_is_cancelled() {
    let grace = Duration::from_millis(50);
    let (pool, running) = start(WorkerPool::builder(1).cancel_grace(grace)).await;
    let worker = pid(&pool).await;
    proc::signal(worker, Signal::STOP);
    // More than fits into the socket, so that not even the order arrives.
    let job = spawn(pool.run::<_, String>("reverse", &"x".repeat(8 * 1024 * 1024)));
    eventually(|| (pool.stats().busy == 1).then_some(())).await;
    job.cancel();
    assert!(job.await.is_err());
    assert_ne!(pid(&pool).await, worker);
    running.stop().await.unwrap();
}

async fn refused(name: &str) -> String {
    let pool = WorkerPool::builder(2).name(name).build();
    let error = Entrypoint::new("test").service(pool).start().await.unwrap_err();
    assert!(error.is_start());
    assert_eq!(proc::my_children(), []);
    error.to_string()
}

pub(crate) async fn workers_that_cannot_set_up_fail_the_start_with_the_reason() {
    let text = refused("refusing").await;
    assert!(text.starts_with("service `refusing` did not start: `refusing worker "), "{text}");
    assert!(text.ends_with("cannot work: the model cannot be loaded"), "{text}");
    let text = refused("panicking").await;
    assert!(text.ends_with("it panicked while it registered its jobs: no model at all"), "{text}");
}

pub(crate) async fn workers_that_end_in_their_setup_fail_the_start() {
    let text = refused("ending").await;
    assert!(text.ends_with("ended before it was ready: exit status: 3"), "{text}");
}

pub(crate) async fn a_job_added_twice_fails_the_start() {
    let text = refused("doubled").await;
    assert!(text.ends_with("cannot work: the job `pid` is added twice"), "{text}");
}

pub(crate) async fn lazy_workers_that_do_not_start_fail_their_job_and_the_service() {
    let (pool, mut running) = start(WorkerPool::builder(1).name("refusing").lazy()).await;
    let error = pool.run::<_, u32>("pid", &()).await.unwrap_err();
    assert!(error.is_not_started(), "{error}");
    assert!(error.to_string().ends_with("cannot work: the model cannot be loaded"), "{error}");
    assert_eq!(pool.stats().started, 5);
    let failed = running.failed().await;
    assert!(failed.is_service());
    assert_eq!(failed.service(), Some("refusing"));
    running.stop().await.unwrap();
}

pub(crate) async fn workers_that_die_again_and_again_are_replaced_ever_more_slowly() {
    let (pool, running) = start(WorkerPool::builder(1).name("dying")).await;
    let began = Instant::now();
    for _ in 0..5 {
        assert!(pool.run::<_, ()>("exit", &1).await.unwrap_err().is_lost());
    }
    // The pauses before the third, fourth and fifth.
    assert!(began.elapsed() >= Duration::from_millis(50 + 100 + 200), "{:?}", began.elapsed());
    eventually(|| log::line_with(&["dying worker 1", "a job was lost with its worker"])).await;
    assert_eq!(pool.run::<_, u64>("double", &1).await.unwrap(), 2);
    running.stop().await.unwrap();
}

pub(crate) async fn workers_killed_at_random_lose_no_more_than_the_job_they_ran() {
    let (pool, running) = start(WorkerPool::builder(4)).await;
    let jobs: Vec<_> = (0..400).map(|_| spawn(pool.run::<_, u64>("nap", &2))).collect();
    let mut killed = 0;
    for round in 0..8 {
        tokio::time::sleep(Duration::from_millis(15)).await;
        let workers = proc::my_children();
        if let Some((worker, _)) = workers.iter().filter(|(_, state)| state != "Z").nth(round % 4) {
            proc::kill(*worker);
            killed += 1;
        }
    }
    let (mut done, mut lost) = (0, 0);
    for job in jobs {
        match job.await.unwrap() {
            Ok(2) => done += 1,
            Err(error) if error.is_lost() => lost += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(lost <= killed, "{lost} jobs were lost with {killed} workers");
    assert_eq!(done + lost, 400);
    assert_eq!(pool.stats().lost, lost);
    running.stop().await.unwrap();
    assert_eq!(proc::my_children(), []);
}

pub(crate) async fn jobs_cancelled_at_random_leave_the_pool_whole() {
    let (pool, running) = start(WorkerPool::builder(3).cancel_grace(Duration::from_millis(20))).await;
    for round in 0..60_u64 {
        let job = match round % 3 {
            0 => spawn(pool.run::<_, ()>("spin", &())),
            1 => spawn(pool.run::<_, ()>("until cancelled", &())),
            _ => spawn(pool.run::<_, ()>("print", "hello")),
        };
        tokio::time::sleep(Duration::from_millis(round % 7)).await;
        job.cancel();
    }
    let jobs = (0..30).map(|number: u64| pool.run::<_, u64>("double", &number));
    assert_eq!(mainspring_task::gather(jobs).await.unwrap().len(), 30);
    assert_eq!(pool.stats().lost, 0);
    running.stop().await.unwrap();
    assert_eq!(proc::my_children(), []);
}
