use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::service::{BoxService, Event};
use crate::{BoxError, Context, Result};

/// How the runner tells a service's task what to do next.
#[derive(Default, Clone)]
pub(super) struct Orders {
    /// Drop `start` at its await.
    pub(super) cut: CancellationToken,
    /// Call `stop`.
    pub(super) stop: CancellationToken,
}

/// The life of one service: `start` to its end, then, when told, `stop`.
///
/// A panic in either becomes an error, so that `stop` is called whatever happened.
pub(super) async fn drive(mut service: BoxService, cx: Context, orders: Orders) {
    let ended = tokio::select! {
        biased;
        () = orders.cut.cancelled() => None,
        result = AssertUnwindSafe(service.start(&cx)).catch_unwind() => Some(flatten(result)),
    };
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
