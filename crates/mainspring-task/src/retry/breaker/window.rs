use std::ops::AddAssign;
use std::time::Duration;

use tokio::time::Instant;

/// Into how many slots a window is cut: what is counted is forgotten a tenth of it at a time.
const SLOTS: usize = 10;

/// What has been counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }
}

/// The calls that ended within the last stretch of time.
///
/// A slot counts from its first call on. So neither is a slot judged that has just begun, nor must
/// all slots be filled before anything is known.
#[derive(Debug)]
pub(super) struct Window {
    origin: Instant,
    /// Never zero.
    slot: Duration,
    slots: [Counts; SLOTS],
    /// The number of the newest slot, counted from the origin.
    newest: u128,
}

impl Window {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        let slot = (length / SLOTS as u32).max(Duration::from_nanos(1));
        Window { origin: now, slot, slots: [Counts::default(); SLOTS], newest: 0 }
    }

    pub(super) fn add(&mut self, counts: Counts, now: Instant) {
        self.forget(now);
        let newest = self.place(self.newest);
        self.slots[newest] += counts;
    }

    pub(super) fn sum(&mut self, now: Instant) -> Counts {
        self.forget(now);
        let mut sum = Counts::default();
        self.slots.iter().for_each(|&slot| sum += slot);
        sum
    }

    /// Empties the slots that have left the window. A moment that is older than the newest slot,
    /// as another thread may bring it, belongs to that slot.
    fn forget(&mut self, now: Instant) {
        let number = now.saturating_duration_since(self.origin).as_nanos() / self.slot.as_nanos();
        let passed = number.saturating_sub(self.newest).min(SLOTS as u128);
        for step in 1..=passed {
            let slot = self.place(self.newest + step);
            self.slots[slot] = Counts::default();
        }
        self.newest = self.newest.max(number);
    }

    fn place(&self, number: u128) -> usize {
        (number % SLOTS as u128) as usize
    }
}
