use std::future::pending;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};

use super::beats::Beats;
use super::job::{Job, Request};
use super::runs::Runs;
use crate::{Context, Result};

/// Runs a job at its beats until the service is to stop.
pub(super) async fn drive<D>(job: &mut Job<D>, beats: &mut dyn Beats<D>, cx: &Context) -> Result {
    let mut runs = Runs::new(cx);
    if let Err(error) = keep_time(job, beats, cx, &mut runs).await {
        runs.abandon(job);
        return Err(error);
    }
    let outcome = runs.finish(job).await;
    // Whoever asked too late learns that the schedule has stopped.
    while job.requests.try_recv().is_ok() {}
    outcome
}

async fn keep_time<D>(
    job: &mut Job<D>,
    beats: &mut dyn Beats<D>,
    cx: &Context,
    runs: &mut Runs<'_, D>,
) -> Result {
    let stopping = cx.stopping();
    beats.begin(Instant::now());
    if !beats.begins_with_a_run() {
        cx.ready();
    }
    loop {
        let not_before = runs.not_before();
        // One that is past has let those go that it held; they wait for a run to end.
        let held = runs.held().filter(|until| *until > Instant::now());
        let wake = beats.wake(Instant::now()).map(|wake| not_before.map_or(wake, |then| wake.max(then)));
        tokio::select! {
            biased;
            () = stopping.wait() => return Ok(()),
            ended = runs.ended(), if !runs.none() => runs.account(job, ended)?,
            Some(reply) = job.requests.recv() => {
                runs.ask(job, Request { due: beats.by_hand(), reply: Some(reply), late: false });
            }
            () = wait_for(held) => runs.start_waiting(job),
            () = wait_for(wake) => {
                reap(runs, job).await?;
                for request in beats.due(Instant::now()) {
                    runs.ask(job, request);
                }
            }
        }
        if runs.none() {
            beats.idle(Instant::now());
        }
    }
}

/// Takes note of runs that end just now, so that a run as long as the period hides no beat.
async fn reap<D>(runs: &mut Runs<'_, D>, job: &mut Job<D>) -> Result {
    if !runs.none() {
        tokio::task::yield_now().await;
    }
    while !runs.none()
        && let Some(ended) = runs.ended().now_or_never()
    {
        runs.account(job, ended)?;
    }
    Ok(())
}

async fn wait_for(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => pending().await,
    }
}
