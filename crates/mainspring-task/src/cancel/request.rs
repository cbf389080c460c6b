use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use super::Reason;

/// The cancellation request of one task.
///
/// The flag alone is read on each poll; the rest is touched only when somebody cancels.
#[derive(Default)]
pub(crate) struct Request {
    asked: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    reason: Option<Reason>,
    /// The task's own waker, left here by its first poll.
    waker: Option<Waker>,
}

impl Request {
    /// Leaves the request and wakes the task. The first reason given is the one that counts.
    pub(crate) fn ask(&self, reason: Option<Reason>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if self.asked.swap(true, Ordering::AcqRel) {
            return;
        }
        inner.reason = reason;
        let waker = inner.waker.clone();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Called by the first poll. A request that came earlier is seen by the flag test after it.
    pub(crate) fn listen(&self, waker: &Waker) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).waker = Some(waker.clone());
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).reason.clone()
    }

    /// Lets go of the waker, which would otherwise keep the finished task's memory.
    pub(crate) fn forget_waker(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).waker = None;
    }
}
