use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The counters of every listener that is open. Locked for a push or a walk.
static ALL: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// What a listener has seen; a clone counts the same.
///
/// They live as long as the listener, its connections or a clone.
#[derive(Debug, Clone)]
pub struct Counters {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    service: Arc<str>,
    accepted: AtomicU64,
    active: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    stalls: AtomicU64,
}

/// The values of [`Counters`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Connections taken on since the start.
    pub accepted: u64,
    /// Connections that are being served.
    pub active: u64,
    /// Connections closed because as many were served as may be.
    pub refused: u64,
    /// Connections that ended with an error or a panic, failed handshakes included.
    pub failed: u64,
    /// Accepts that failed for want of something, such as file descriptors.
    pub stalls: u64,
}

impl Counters {
    pub(super) fn new(service: Arc<str>) -> Self {
        let [accepted, active, refused, failed, stalls] = [const { AtomicU64::new(0) }; 5];
        let inner = Arc::new(Inner { service, accepted, active, refused, failed, stalls });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|counters| counters.strong_count() > 0);
        all.push(Arc::downgrade(&inner));
        Counters { inner }
    }

    /// The counters of the listener of a service; of the latest, when there are several.
    #[must_use]
    pub fn named(service: &str) -> Option<Counters> {
        Counters::all().into_iter().rev().find(|counters| counters.service() == service)
    }

    /// The counters of every listener, the oldest first.
    #[must_use]
    pub fn all() -> Vec<Counters> {
        let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).map(|inner| Counters { inner }).collect()
    }

    /// The service they count for.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.inner.service
    }

    /// Their values now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Inner { accepted, active, refused, failed, stalls, .. } = &*self.inner;
        Counts {
            accepted: value(accepted),
            active: value(active),
            refused: value(refused),
            failed: value(failed),
            stalls: value(stalls),
        }
    }

    pub(super) fn accepted(&self) -> Active {
        self.inner.accepted.fetch_add(1, Ordering::Relaxed);
        self.inner.active.fetch_add(1, Ordering::Relaxed);
        Active { counters: self.clone() }
    }

    pub(super) fn refused(&self) {
        self.inner.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.inner.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stalled(&self) {
        self.inner.stalls.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts one connection as active until it is dropped, and as failed if a panic drops it.
#[derive(Debug)]
pub(super) struct Active {
    counters: Counters,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.counters.inner.active.fetch_sub(1, Ordering::Relaxed);
        if std::thread::panicking() {
            self.counters.failed();
        }
    }
}
