use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use mainspring_task::task::panic_message;
use mainspring_task::time::Deadline;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::service::{BoxService, Event, Policy, Restart, Status};
use crate::{BoxError, Context, Result};

/// How the runner tells a service's task what to do next.
#[derive(Clone)]
pub(super) struct Orders {
    cut: Arc<Mutex<Cut>>,
    /// Call `stop`.
    stop: CancellationToken,
}

/// Whether `start` is to end at its await, with its cleanup.
struct Cut {
    told: bool,
    /// Of what runs now.
    deadline: Deadline,
}

impl Orders {
    pub(super) fn new() -> Self {
        let cut = Cut { told: false, deadline: Deadline::never() };
        Orders { cut: Arc::new(Mutex::new(cut)), stop: CancellationToken::new() }
    }

    /// Ends `start` if it has not ended; it is not called again.
    pub(super) fn cut(&self) {
        let mut cut = self.lock();
        cut.told = true;
        // An error says that it has ended, or that it has been told already.
        let _ = cut.deadline.reschedule(Some(Instant::now()));
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Runs something that a cut ends; `None` when it was cut.
    async fn limit<F: Future>(&self, body: F) -> Option<F::Output> {
        let limited = {
            let mut cut = self.lock();
            if cut.told {
                return None;
            }
            cut.deadline = Deadline::never();
            cut.deadline.limit(body)
        };
        limited.await.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Cut> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the runs of a service have ended.
struct Ended {
    /// `None` when it was cut.
    result: Option<Result>,
    /// Its `stop` has been called since the last run.
    cleaned: bool,
}

/// The life of one service: `start` as often as its policy says, then, when told, `stop`.
///
/// A panic in either becomes an error, so that `stop` is called whatever happened.
pub(super) async fn drive(mut service: BoxService, policy: Policy, cx: Context, orders: Orders) {
    let Ended { result, cleaned } = supervise(&mut service, &policy, &cx, &orders).await;
    cx.services().ended(cx.index());
    if let Some(Err(error)) = &result {
        cx.services().set(cx.index(), Status::Failed(error.to_string().into()));
    }
    cx.tell(Event::Ended(result));
    orders.stop.cancelled().await;
    let stopped = if cleaned { Ok(()) } else { stop(&mut service, &cx).await };
    if !matches!(cx.services().status(cx.service()), Some(Status::Failed(_))) {
        cx.services().set(cx.index(), Status::Stopped);
    }
    cx.tell(Event::Stopped(stopped));
}

/// Starts the service until it has ended for good.
async fn supervise(service: &mut BoxService, policy: &Policy, cx: &Context, orders: &Orders) -> Ended {
    let over = |result| Ended { result, cleaned: false };
    for other in &policy.after {
        match orders.limit(cx.services().wait_ready(cx.index(), other)).await {
            Some(Ok(())) => {}
            unready => return over(unready),
        }
    }
    let mut failures = 0;
    loop {
        cx.starting();
        let began = Instant::now();
        // Within the catch is also what the service drops when it is cut.
        let run = caught(async { orders.limit(service.start(cx)).await.transpose() }).await;
        let Some(ended) = run.transpose() else { return over(None) };
        if began.elapsed() >= policy.backoff.healthy {
            failures = 0;
        }
        if ended.is_ok() {
            cx.returned();
        }
        let again = match policy.restart {
            Restart::Never => false,
            Restart::OnFailure => ended.is_err(),
            Restart::Always => true,
        };
        // A service that never came up is a failed start of the process, not a failure to recover from.
        if !again || !cx.is_ready() {
            return over(Some(ended));
        }
        if cx.is_stopping() {
            return over(Some(overtaken(cx, ended)));
        }
        failures += 1;
        let Some(pause) = policy.backoff.pause(failures) else {
            return over(Some(Err(give_up(ended, failures))));
        };
        clean_up(service, cx, ended, pause).await;
        // A service that is to stop is not started again: it is down already.
        if orders.limit(sleep(pause)).await.is_none() || cx.is_stopping() {
            return Ended { result: Some(Ok(())), cleaned: true };
        }
    }
}

/// Cleans up after a run of `start`. No cut reaches it: `stop` is called once for a run, and to its end.
async fn clean_up(service: &mut BoxService, cx: &Context, ended: Result, pause: Duration) {
    match ended {
        Ok(()) => {
            tracing::info!(service = cx.service(), ?pause, "the service has ended and is started again");
        }
        Err(error) => {
            tracing::error!(service = cx.service(), %error, ?pause, "the service has failed and is started again");
        }
    }
    cx.restarting();
    if let Err(error) = stop(service, cx).await {
        tracing::error!(service = cx.service(), %error, "the service failed in its stop before a restart");
    }
}

/// The stop came before the restart.
///
/// A service that drains answers for how it ends. One that is cut off does not: had it been cut a moment
/// earlier, it would not have failed.
fn overtaken(cx: &Context, ended: Result) -> Result {
    match ended {
        Err(error) if !cx.drains() => {
            tracing::error!(service = cx.service(), %error, "the service has failed as it was to stop");
            Ok(())
        }
        ended => ended,
    }
}

fn give_up(ended: Result, failures: u32) -> BoxError {
    match ended {
        Ok(()) => format!("it has ended {failures} times in a row").into(),
        Err(error) => format!("it has failed {failures} times in a row, the last time with: {error}").into(),
    }
}

async fn stop(service: &mut BoxService, cx: &Context) -> Result {
    caught(async { service.stop(cx).await }).await
}

/// Makes a panic an error, wherever in the life of a future it happens.
pub(super) async fn caught<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .unwrap_or_else(|payload| Err(BoxError::from(format!("it panicked: {}", panic_message(&*payload)))))
}
