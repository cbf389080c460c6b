use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Tells that the service is to stop.
///
/// Asking is one load; waiting is a future. A clone tells of the same end.
#[derive(Debug, Clone)]
pub struct Stopping {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Read on hot paths, where the token's lock would be felt.
    flag: AtomicBool,
    handover: AtomicBool,
    token: CancellationToken,
}

impl Stopping {
    pub(crate) fn new() -> Self {
        Stopping { inner: Arc::default() }
    }

    pub(crate) fn begin(&self, handover: bool) {
        self.inner.handover.store(handover, Ordering::Release);
        self.inner.flag.store(true, Ordering::Release);
        self.inner.token.cancel();
    }

    /// The service is to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.inner.flag.load(Ordering::Acquire)
    }

    /// The service is to stop because another process has taken over its sockets: clients that are sent
    /// away find it at the same address.
    #[must_use]
    pub fn is_handover(&self) -> bool {
        self.inner.handover.load(Ordering::Acquire)
    }

    /// Waits until the service is to stop.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait(&self) {
        self.inner.token.cancelled().await;
    }

    /// [`wait`](Stopping::wait) as a future that owns what it waits for.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_owned(self) {
        self.inner.token.clone().cancelled_owned().await;
    }
}
