//! The state of each key, in bounded memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use governor::clock::Clock;
use governor::nanos::Nanos;
use governor::state::StateStore;
use tokio::time::Instant;

/// Keys are spread over so many locks.
const SHARDS: usize = 16;
/// How often a full shard is searched for keys that may be forgotten.
const SWEEP_EVERY: Nanos = Nanos::new(1_000_000_000);

/// The clock of the runtime, so that a paused clock reaches the limiter.
#[derive(Clone, Copy, Debug)]
pub(super) struct RuntimeClock(pub(super) Instant);

impl Clock for RuntimeClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

/// Remembers at most a number of keys. Those above it share one state, so that a flood of new keys costs neither
/// memory nor those that are known.
#[derive(Debug)]
pub(super) struct Store {
    shards: Box<[Mutex<Shard>; SHARDS]>,
    bound: usize,
    clock: RuntimeClock,
}

#[derive(Debug, Default)]
struct Shard {
    /// When each key will have its whole burst again, as the limiter counts: from its start on.
    states: HashMap<u128, Nanos>,
    shared: Option<Nanos>,
    swept: Option<Nanos>,
}

impl Store {
    pub(super) fn new(keys: usize, clock: RuntimeClock) -> Self {
        Self { shards: Box::default(), bound: keys.div_ceil(SHARDS).max(1), clock }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let len = |shard: &Mutex<Shard>| shard.lock().map_or(0, |shard| shard.states.len());
        self.shards.iter().map(len).sum()
    }
}

impl Shard {
    /// Whether there is room for one more key; forgets keys that are as good as new.
    fn has_room(&mut self, bound: usize, now: Nanos) -> bool {
        if self.states.len() < bound {
            return true;
        }
        let due = self.swept.is_none_or(|swept| now.saturating_sub(swept).as_u64() >= SWEEP_EVERY.as_u64());
        if due {
            self.swept = Some(now);
            self.states.retain(|_, full_again| full_again.as_u64() > now.as_u64());
        }
        self.states.len() < bound
    }
}

impl StateStore for Store {
    type Key = u128;

    fn measure_and_replace<T, F, E>(&self, key: &u128, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // Addresses differ in their low bits, networks in the high ones.
        let mixed = (key ^ key >> 64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let shard = &self.shards[mixed as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = shard.states.get_mut(key) {
            let (value, next) = measure(Some(*state))?;
            *state = next;
            return Ok(value);
        }
        if shard.has_room(self.bound, self.clock.now()) {
            let (value, next) = measure(None)?;
            shard.states.insert(*key, next);
            return Ok(value);
        }
        let (value, next) = measure(shard.shared)?;
        shard.shared = Some(next);
        Ok(value)
    }
}
