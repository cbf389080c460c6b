use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Breaker, BreakerError};

/// A breaker for each key: for each backend, tenant or route, with the same settings.
///
/// Breakers are made when their key is first asked for, and a bounded number of them is kept. When
/// there are too many, the one goes that was longest not asked for among the closed ones, and only
/// if there is none among the others; so a flood of new keys does not make calls go to what is
/// known to be down. Permits of a breaker that has gone have no effect any more.
///
/// A clone is another handle of the same breakers.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_task::retry::{Breaker, Breakers};
///
/// let shops = Breakers::<String>::new(Breaker::new("shops").consecutive(1));
/// assert!(shops.call("oslo", async || Err::<(), _>("closed for today")).await.is_err());
/// assert!(shops.of("oslo").state().is_open());
/// assert!(shops.call("rome", async || Ok::<_, &str>(())).await.is_ok());
/// # }
/// ```
pub struct Breakers<K> {
    model: Breaker,
    keys: usize,
    kept: Arc<Mutex<Kept<K>>>,
}

struct Kept<K> {
    breakers: HashMap<K, Entry>,
    /// The keys by when they were last asked for.
    asked: BTreeMap<u64, K>,
    next: u64,
}

struct Entry {
    breaker: Breaker,
    asked: u64,
}

impl<K: Clone + Debug + Eq + Hash> Breakers<K> {
    /// Breakers with the settings of this one, 1024 at most, each named `model[key]`.
    #[must_use]
    pub fn new(model: Breaker) -> Self {
        Breakers { model, keys: 1024, kept: Arc::default() }
    }

    /// How many breakers are kept at most; zero counts as one. Default: 1024.
    ///
    /// Gives another, empty set, apart from earlier clones.
    #[must_use]
    pub fn keys(self, limit: usize) -> Self {
        Breakers { model: self.model, keys: limit.max(1), kept: Arc::default() }
    }

    /// The breaker of a key, made if there is none.
    #[must_use]
    pub fn of<Q>(&self, key: &Q) -> Breaker
    where
        K: Borrow<Q>,
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
    {
        let mut kept = self.lock();
        if let Some(breaker) = kept.touch(key) {
            return breaker;
        }
        let key = key.to_owned();
        let breaker = self.model.renamed(format!("{}[{key:?}]", self.model.name()).into());
        let gone = kept.make_room(self.keys);
        kept.insert(key, breaker.clone());
        drop(kept);
        drop(gone);
        breaker
    }

    /// [`Breaker::call`] on the breaker of this key.
    ///
    /// # Errors
    ///
    /// As [`Breaker::call`].
    ///
    /// # Panics
    ///
    /// As [`Breaker::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Breaker::call`].
    pub async fn call<Q, T, E, C, F>(&self, key: &Q, call: C) -> Result<T, BreakerError<E>>
    where
        K: Borrow<Q>,
        Q: ToOwned<Owned = K> + Eq + Hash + ?Sized,
        C: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
    {
        let breaker = self.of(key);
        breaker.call(call).await
    }

    /// Forgets a key and what was counted for it; `false` when it was not known.
    pub fn forget<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.lock().remove(key).is_some()
    }

    /// All keys and their breakers, longest not asked for first.
    #[must_use]
    pub fn all(&self) -> Vec<(K, Breaker)> {
        let kept = self.lock();
        kept.in_order().map(|(key, breaker)| (key.clone(), breaker.clone())).collect()
    }

    /// How many keys are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().breakers.len()
    }

    /// True when no key is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K> Breakers<K> {
    fn lock(&self) -> MutexGuard<'_, Kept<K>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Kept<K> {
    /// The breaker of a key, which is now the last that was asked for.
    fn touch<Q>(&mut self, key: &Q) -> Option<Breaker>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.breakers.get_mut(key)?;
        let key = self.asked.remove(&entry.asked)?;
        entry.asked = self.next;
        self.asked.insert(self.next, key);
        self.next += 1;
        Some(entry.breaker.clone())
    }

    fn insert(&mut self, key: K, breaker: Breaker) {
        self.asked.insert(self.next, key.clone());
        self.breakers.insert(key, Entry { breaker, asked: self.next });
        self.next += 1;
    }

    fn remove<Q>(&mut self, key: &Q) -> Option<Entry>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.breakers.remove(key)?;
        self.asked.remove(&entry.asked);
        Some(entry)
    }

    fn make_room(&mut self, limit: usize) -> Option<Entry> {
        if self.breakers.len() < limit {
            return None;
        }
        let closed = self.in_order().find(|(_, breaker)| breaker.is_closed());
        let (key, _) = closed.or_else(|| self.in_order().next())?;
        let key = key.clone();
        self.remove(&key)
    }

    fn in_order(&self) -> impl Iterator<Item = (&K, &Breaker)> {
        self.asked.values().filter_map(|key| Some((key, &self.breakers.get(key)?.breaker)))
    }
}

impl<K> Default for Kept<K> {
    fn default() -> Self {
        Kept { breakers: HashMap::new(), asked: BTreeMap::new(), next: 0 }
    }
}

impl<K> Clone for Breakers<K> {
    fn clone(&self) -> Self {
        Breakers { model: self.model.clone(), keys: self.keys, kept: Arc::clone(&self.kept) }
    }
}

impl<K: Debug> Debug for Breakers<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.lock();
        f.debug_struct("Breakers")
            .field("model", &self.model.name())
            .field("limit", &self.keys)
            .field("keys", &kept.breakers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
