use std::hash::{BuildHasher, RandomState};
use std::panic::Location;
use std::time::Duration;

/// When a client connects again, and what its start waits for.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::net::Reconnect;
///
/// let reconnect = Reconnect::new().pause(Duration::from_millis(50), Duration::from_secs(5));
/// assert_eq!(reconnect.healthy_after, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reconnect {
    /// The bound of the first pause; it doubles from attempt to attempt. Default: 100 ms.
    pub first_pause: Duration,
    /// What the bound never exceeds. Default: 30 s.
    pub longest_pause: Duration,
    /// How long one attempt may take, handshake included. Default: 10 s.
    pub connect_timeout: Duration,
    /// A connection that held this long makes the next pause a first one. Default: 10 s.
    pub healthy_after: Duration,
    /// The service is ready with its first connection, instead of at once. Default: true.
    pub ready_after_first_connection: bool,
    /// How long the start waits for the first connection before it fails. Default: 30 s.
    pub start_timeout: Duration,
    /// Silence after which the kernel asks whether the server is still there (`SO_KEEPALIVE`), so that one
    /// that vanished is noticed; from a second to 32,767. Default: 60 s.
    pub keep_alive: Option<Duration>,
    /// How long a handler may wait for the server while nothing moves, before the wait fails with
    /// `TimedOut`. Default: for ever.
    /// Needs a handler that takes a [`Connection`](crate::net::Connection).
    pub idle: Option<Duration>,
    /// The place shown as the one that spawned the connections' tasks: where the client was made.
    pub place: &'static Location<'static>,
}

impl Reconnect {
    /// The defaults, with the caller's place.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Reconnect {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            healthy_after: Duration::from_secs(10),
            ready_after_first_connection: true,
            start_timeout: Duration::from_secs(30),
            keep_alive: Some(Duration::from_secs(60)),
            idle: None,
            place: Location::caller(),
        }
    }

    /// Sets [`first_pause`](Reconnect::first_pause) and [`longest_pause`](Reconnect::longest_pause).
    #[must_use]
    pub fn pause(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_pause, self.longest_pause) = (first, longest);
        self
    }

    /// Sets [`connect_timeout`](Reconnect::connect_timeout).
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets [`healthy_after`](Reconnect::healthy_after).
    #[must_use]
    pub fn healthy_after(mut self, held: Duration) -> Self {
        self.healthy_after = held;
        self
    }

    /// Sets [`ready_after_first_connection`](Reconnect::ready_after_first_connection).
    #[must_use]
    pub fn ready_after_first_connection(mut self, wait: bool) -> Self {
        self.ready_after_first_connection = wait;
        self
    }

    /// Sets [`start_timeout`](Reconnect::start_timeout).
    #[must_use]
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// Sets [`keep_alive`](Reconnect::keep_alive); `None` turns it off.
    #[must_use]
    pub fn keep_alive(mut self, after: Option<Duration>) -> Self {
        self.keep_alive = after;
        self
    }

    /// Sets [`idle`](Reconnect::idle).
    #[must_use]
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = Some(limit);
        self
    }

    /// The pause after so many attempts in a row that led to nothing lasting; `share` is random.
    pub(super) fn pause_after(&self, attempts: u32, share: f64) -> Duration {
        let doubled = 2_u32.checked_pow(attempts).unwrap_or(u32::MAX);
        let bound = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        bound.mul_f64(share)
    }
}

/// A random number from 0 up to 1: the keys of a hasher are random, and differ from call to call.
pub(super) fn random_share() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 11;
    // 53 bits, which is what an f64 holds.
    random as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_longest_pause() {
        let reconnect = Reconnect::new().pause(Duration::from_secs(1), Duration::from_secs(10));
        let bounds: Vec<_> = (0..6).map(|n| reconnect.pause_after(n, 1.0).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 10, 10]);
        assert_eq!(reconnect.pause_after(4_000_000, 1.0), Duration::from_secs(10));
    }

    #[test]
    fn the_pause_is_a_random_share_of_the_bound() {
        let reconnect = Reconnect::new().pause(Duration::from_secs(8), Duration::from_secs(8));
        assert_eq!(reconnect.pause_after(0, 0.25), Duration::from_secs(2));
        let shares: Vec<_> = (0..1_000).map(|_| random_share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        let mean = shares.iter().sum::<f64>() / 1_000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
