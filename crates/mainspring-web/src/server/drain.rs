//! How a connection learns that the server stops.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mainspring_service::Stopping;

/// Tells a connection that it must end.
pub(super) trait Drain {
    /// Asked for every batch of requests: must be cheap.
    fn is_stopping(&self) -> bool;

    /// Another process takes over: a client whose request may be on its way is answered, and sent there.
    fn is_handover(&self) -> bool;

    /// Registers the task to be woken when the server stops.
    fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Waits until the server stops.
    fn wait(self) -> impl Future<Output = ()> + Send + Sync + 'static;
}

/// The [`Drain`] of a service.
pub(super) struct ServiceDrain {
    stopping: Stopping,
    wait: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl ServiceDrain {
    pub(super) fn new(stopping: Stopping) -> Self {
        Self { wait: Box::pin(stopping.clone().wait_owned()), stopping }
    }
}

impl Drain for ServiceDrain {
    #[inline]
    fn is_stopping(&self) -> bool {
        self.stopping.is_stopping()
    }

    fn is_handover(&self) -> bool {
        self.stopping.is_handover()
    }

    fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_stopping() { Poll::Ready(()) } else { self.wait.as_mut().poll(cx) }
    }

    fn wait(self) -> impl Future<Output = ()> + Send + Sync + 'static {
        self.stopping.wait_owned()
    }
}
