use std::any::Any;
use std::panic::AssertUnwindSafe;
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
    /// Reached when `start` is to end at its await, with its cleanup.
    cut: Deadline,
    /// Call `stop`.
    stop: CancellationToken,
}

impl Orders {
    pub(super) fn new() -> Self {
        Orders { cut: Deadline::never(), stop: CancellationToken::new() }
    }

    /// Ends `start` if it has not ended.
    pub(super) fn cut(&self) {
        // An error says that it has ended, or that it has been told already.
        let _ = self.cut.reschedule(Some(Instant::now()));
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }
}

/// The life of one service: `start` as often as its policy says, then, when told, `stop`.
///
/// A panic in either becomes an error, so that `stop` is called whatever happened.
pub(super) async fn drive(mut service: BoxService, policy: Policy, cx: Context, orders: Orders) {
    let ended = orders.cut.limit(supervise(&mut service, &policy, &cx)).await.ok();
    cx.services().ended(cx.index());
    if let Some(Err(error)) = &ended {
        cx.services().set(cx.index(), Status::Failed(error.to_string().into()));
    }
    cx.tell(Event::Ended(ended));
    orders.stop.cancelled().await;
    let stopped = stop(&mut service, &cx).await;
    if !matches!(cx.services().status(cx.service()), Some(Status::Failed(_))) {
        cx.services().set(cx.index(), Status::Stopped);
    }
    cx.tell(Event::Stopped(stopped));
}

/// Starts the service until it has ended for good.
async fn supervise(service: &mut BoxService, policy: &Policy, cx: &Context) -> Result {
    for other in &policy.after {
        cx.services().wait_ready(cx.index(), other).await?;
    }
    let mut failures = 0;
    loop {
        cx.starting();
        let began = Instant::now();
        let ended = flatten(AssertUnwindSafe(service.start(cx)).catch_unwind().await);
        if began.elapsed() >= policy.backoff.healthy {
            failures = 0;
        }
        if ended.is_ok() {
            cx.ready();
        }
        let again = match policy.restart {
            Restart::Never => false,
            Restart::OnFailure => ended.is_err(),
            Restart::Always => true,
        };
        // A service that never came up is a failed start of the process, not a failure to recover from.
        if !again || !cx.is_ready() {
            return ended;
        }
        if cx.is_stopping() {
            return overtaken(cx, ended);
        }
        failures += 1;
        let Some(pause) = policy.backoff.pause(failures) else {
            return Err(give_up(ended, failures));
        };
        restart(service, cx, ended, pause).await;
    }
}

/// Cleans up after a run of `start`, and pauses before the next.
async fn restart(service: &mut BoxService, cx: &Context, ended: Result, pause: Duration) {
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
    sleep(pause).await;
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
    flatten(AssertUnwindSafe(service.stop(cx)).catch_unwind().await)
}

fn flatten(result: Result<Result, Box<dyn Any + Send>>) -> Result {
    result.unwrap_or_else(|payload| Err(BoxError::from(format!("it panicked: {}", panic_message(&*payload)))))
}
