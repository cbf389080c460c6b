//! Sessions in the memory of the process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::store::{SessionData, SessionStore};
use crate::error::Error;

/// Keeps sessions in memory, until they expire or the process ends.
///
/// Clones share them. At most 100,000 are kept ([`with_bound`](Self::with_bound)); what would be one more is answered
/// 503, so that those who are known are not thrown out by a flood of strangers.
#[derive(Clone)]
pub struct MemorySessions {
    kept: Arc<Mutex<Kept>>,
    bound: usize,
}

struct Kept {
    sessions: HashMap<String, (SessionData, Instant)>,
    /// At this number the expired ones are looked for.
    sweep_at: usize,
}

/// Not worth a look below.
const FIRST_SWEEP: usize = 1024;

impl MemorySessions {
    /// Makes an empty store for 100,000 sessions.
    pub fn new() -> Self {
        Self::with_bound(100_000)
    }

    /// Makes an empty store for so many sessions.
    pub fn with_bound(bound: usize) -> Self {
        let kept = Kept { sessions: HashMap::new(), sweep_at: FIRST_SWEEP.min(bound) };
        Self { kept: Arc::new(Mutex::new(kept)), bound }
    }

    /// How many are kept, with those that have expired but were not looked for yet.
    pub fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Looks for expired ones so rarely that each session pays for one look.
    fn sweep(&mut self, now: Instant, bound: usize) {
        if self.sessions.len() >= self.sweep_at {
            self.sessions.retain(|_, (_, until)| *until > now);
            self.sweep_at = (self.sessions.len() * 2).max(FIRST_SWEEP).min(bound);
        }
    }
}

impl SessionStore for MemorySessions {
    async fn load(&self, id: &str) -> Result<Option<SessionData>, Error> {
        let kept = self.lock();
        let found = kept.sessions.get(id).filter(|(_, until)| *until > Instant::now());
        Ok(found.map(|(data, _)| data.clone()))
    }

    async fn save(&self, id: &str, data: SessionData, lifetime: Duration) -> Result<(), Error> {
        let now = Instant::now();
        let mut kept = self.lock();
        if !kept.sessions.contains_key(id) {
            kept.sweep(now, self.bound);
            if kept.sessions.len() >= self.bound {
                return Err(Error::new(StatusCode::SERVICE_UNAVAILABLE, "there are too many sessions"));
            }
        }
        kept.sessions.insert(id.to_owned(), (data, now + lifetime));
        Ok(())
    }

    async fn remove(&self, id: &str) -> Result<(), Error> {
        self.lock().sessions.remove(id);
        Ok(())
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions").field("len", &self.len()).field("bound", &self.bound).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test(start_paused = true)]
    async fn a_session_expires() {
        let store = MemorySessions::new();
        store.save("a", SessionData::new(), HOUR).await.expect("there is room");
        assert!(store.load("a").await.expect("it can be told").is_some());
        tokio::time::advance(HOUR).await;
        assert!(store.load("a").await.expect("it can be told").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn expired_sessions_make_room_and_others_do_not() {
        let store = MemorySessions::with_bound(2);
        store.save("a", SessionData::new(), HOUR).await.expect("there is room");
        store.save("b", SessionData::new(), HOUR * 2).await.expect("there is room");
        let full = store.save("c", SessionData::new(), HOUR).await.expect_err("it is full");
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        store.save("b", SessionData::new(), HOUR * 2).await.expect("it is known");
        tokio::time::advance(HOUR).await;
        store.save("c", SessionData::new(), HOUR).await.expect("there is room again");
        assert_eq!(store.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_sessions_that_come_and_go_are_forgotten() {
        let store = MemorySessions::new();
        for number in 0..20_000 {
            store.save(&number.to_string(), SessionData::new(), Duration::from_secs(1)).await.expect("room");
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(store.len() <= 2 * FIRST_SWEEP, "{}", store.len());
    }
}
