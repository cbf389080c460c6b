use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

static GRACE_MILLIS: AtomicU64 = AtomicU64::new(10_000);

/// How long cleanup may take where nothing else is said. Default: 10 s.
#[must_use]
pub fn grace() -> Duration {
    Duration::from_millis(GRACE_MILLIS.load(Ordering::Relaxed))
}

/// Sets how long cleanup may take in this process where nothing else is said, in whole milliseconds.
///
/// ```
/// use std::time::Duration;
/// use mainspring_task::cancel;
///
/// cancel::set_grace(Duration::from_secs(3));
/// assert_eq!(cancel::grace(), Duration::from_secs(3));
/// ```
pub fn set_grace(grace: Duration) {
    GRACE_MILLIS.store(u64::try_from(grace.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// The timer of one request: made when guards are first waited for.
#[derive(Default)]
pub(crate) struct Grace {
    timer: Option<(Pin<Box<Sleep>>, Instant)>,
}

impl Grace {
    /// Ready when the request has been held up for longer than `limit`.
    pub(crate) fn poll_over(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<Duration> {
        let (timer, began) = self.timer.get_or_insert_with(|| (Box::pin(sleep(limit)), Instant::now()));
        timer.as_mut().poll(cx).map(|()| began.elapsed())
    }

    /// The request is over; another one has the whole grace again.
    pub(crate) fn reset(&mut self) {
        self.timer = None;
    }
}
