use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The counters of every listener that is open. Locked for a push or a walk.
static ALL: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// What a server has seen; a clone counts the same.
///
/// They live as long as the server, its connections or a clone. For a [`UdpServer`](super::UdpServer) a
/// datagram counts as a connection that lasts as long as its handler.
#[derive(Debug, Clone)]
pub struct Counters {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    service: Arc<str>,
    accepted: AtomicU64,
    active: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    stalls: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    dropped: AtomicU64,
}

/// The values of [`Counters`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Connections taken on since the start.
    pub accepted: u64,
    /// Connections that are being served.
    pub active: u64,
    /// Connections closed, or datagrams thrown away, because as many were served as may be.
    pub refused: u64,
    /// Connections that ended with an error or a panic, failed handshakes included.
    pub failed: u64,
    /// Accepts that failed for want of something, such as file descriptors.
    pub stalls: u64,
    /// Bytes that handlers have read from a [`Connection`](super::Connection) or been given as datagrams.
    ///
    /// Of a TLS connection, what was inside. A connection that is open has told of all but its last 64 KiB;
    /// what a handler does with a bare socket is not seen.
    pub received: u64,
    /// Bytes that handlers have written to a [`Connection`](super::Connection) or replied to datagrams; as
    /// [`received`](Counts::received).
    pub sent: u64,
    /// Datagrams that came when the receive buffer was full, so that the system threw them away.
    ///
    /// It tells with the next one that it takes (`SO_RXQ_OVFL`). Only Linux does: elsewhere it stays 0.
    pub dropped: u64,
}

impl Counters {
    pub(super) fn new(service: Arc<str>) -> Self {
        let inner = Arc::new(Inner { service, ..Inner::default() });
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
        let inner = &*self.inner;
        Counts {
            accepted: value(&inner.accepted),
            active: value(&inner.active),
            refused: value(&inner.refused),
            failed: value(&inner.failed),
            stalls: value(&inner.stalls),
            received: value(&inner.received),
            sent: value(&inner.sent),
            dropped: value(&inner.dropped),
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

    pub(super) fn received(&self, bytes: usize) {
        self.inner.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.inner.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, datagrams: u32) {
        self.inner.dropped.fetch_add(datagrams.into(), Ordering::Relaxed);
    }
}

/// Counts one connection as active until it is dropped.
#[derive(Debug)]
pub(super) struct Active {
    counters: Counters,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.counters.inner.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a connection keeps to itself before it adds it to what all of them count on.
const BATCH: usize = 64 * 1024;

/// Counts the bytes of one connection, by the batch: cores would fight over counters that each byte moves.
#[derive(Debug)]
pub(super) struct Traffic {
    counters: Counters,
    received: usize,
    sent: usize,
}

impl Traffic {
    pub(super) fn new(counters: &Counters) -> Self {
        Traffic { counters: counters.clone(), received: 0, sent: 0 }
    }

    #[inline]
    pub(super) fn received(&mut self, bytes: usize) {
        self.received += bytes;
        if self.received >= BATCH {
            self.settle();
        }
    }

    #[inline]
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.sent >= BATCH {
            self.settle();
        }
    }

    #[cold]
    fn settle(&mut self) {
        self.counters.received(std::mem::take(&mut self.received));
        self.counters.sent(std::mem::take(&mut self.sent));
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.settle();
    }
}
