use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use mainspring_task::time::Deadline;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::service::{BoxService, Event};
use crate::{BoxError, Context, Result};

/// How the runner tells a service's task what to do next.
#[derive(Clone)]
pub(super) struct Orders {
    /// Reached when `start` is to end at its await, with its cleanup.
    pub(super) cut: Deadline,
    /// Call `stop`.
    pub(super) stop: CancellationToken,
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
}

/// The life of one service: `start` to its end, then, when told, `stop`.
///
/// A panic in either becomes an error, so that `stop` is called whatever happened.
pub(super) async fn drive(mut service: BoxService, cx: Context, orders: Orders) {
    let start = AssertUnwindSafe(service.start(&cx)).catch_unwind();
    let ended = orders.cut.limit(start).await.ok().map(flatten);
    if matches!(ended, Some(Ok(()))) {
        cx.ready();
    }
    cx.tell(Event::Ended(ended));
    orders.stop.cancelled().await;
    let stopped = AssertUnwindSafe(service.stop(&cx)).catch_unwind().await;
    cx.tell(Event::Stopped(flatten(stopped)));
}

fn flatten(result: Result<Result, Box<dyn Any + Send>>) -> Result {
    result.unwrap_or_else(|payload| {
        let words = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(|s| &**s));
        Err(BoxError::from(format!("it panicked: {}", words.unwrap_or("a payload that is not text"))))
    })
}
