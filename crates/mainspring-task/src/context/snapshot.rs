use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::variable::Meta;

thread_local! {
    /// The map of the task that this thread polls; outside of tasks, that of the thread.
    ///
    /// Without a destructor of its own: each poll exchanges it, and need not ask whether it is still there.
    static CURRENT: Cell<ManuallyDrop<Snapshot>> = const { Cell::new(ManuallyDrop::new(Snapshot::EMPTY)) };
    /// Lets go of the map with the thread; there once the thread has had one.
    static LAST: Last = const { Last };
}

struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        drop(exchange(Snapshot::EMPTY));
    }
}

/// The values of all context variables at one moment.
///
/// ```
/// use mainspring_task::{context::Snapshot, context_var};
///
/// context_var!(static USER: String);
///
/// USER.set("ada".to_owned());
/// let then = Snapshot::capture();
/// USER.set("bob".to_owned());
/// assert_eq!(then.run(|| USER.get()).as_deref(), Some("ada"));
/// ```
#[derive(Clone, Default)]
pub struct Snapshot {
    /// `None` while nothing has been set: the usual case costs nothing.
    entries: Option<Arc<Vec<Entry>>>,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) variable: &'static Meta,
    pub(super) value: Arc<dyn Any + Send + Sync>,
}

impl Snapshot {
    const EMPTY: Snapshot = Snapshot { entries: None };

    /// The values as they are now.
    #[must_use]
    pub fn capture() -> Self {
        with_current(|current| current.clone())
    }

    /// What a task spawned now starts with: the variables that are inherited.
    pub(crate) fn inherit() -> Self {
        let mut snapshot = Snapshot::capture();
        let stays = |entry: &Entry| !entry.variable.inherited;
        if snapshot.entries.as_ref().is_some_and(|entries| entries.iter().any(stays)) {
            let entries = snapshot.entries.iter().flat_map(|entries| entries.iter());
            snapshot.entries = Some(Arc::new(entries.filter(|entry| !stays(entry)).cloned().collect()));
        }
        snapshot
    }

    /// Runs a closure with these values; what it sets is gone afterwards.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        struct Restore(Snapshot);
        impl Drop for Restore {
            fn drop(&mut self) {
                swap(&mut self.0);
            }
        }
        let mut restore = Restore(self.clone());
        swap(&mut restore.0);
        body()
    }

    pub(super) fn find(&self, variable: &'static Meta) -> Option<&Arc<dyn Any + Send + Sync>> {
        let entries = self.entries.as_ref()?;
        entries.iter().find(|entry| std::ptr::eq(entry.variable, variable)).map(|entry| &entry.value)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flat_map(|entries| entries.iter())
    }

    /// Puts a value in, or takes it out; gives back the one that was there.
    #[inline]
    pub(super) fn put(
        &mut self,
        variable: &'static Meta,
        value: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        if self.entries.is_none() {
            // Fails only while the thread is being torn down: what is set then is never dropped.
            let _ = LAST.try_with(|_| ());
        }
        let entries = Arc::make_mut(self.entries.get_or_insert_default());
        let known = entries.iter().position(|entry| std::ptr::eq(entry.variable, variable));
        match (known, value) {
            (Some(at), Some(value)) => Some(std::mem::replace(&mut entries[at].value, value)),
            (Some(at), None) => Some(entries.swap_remove(at).value),
            (None, Some(value)) => {
                entries.push(Entry { variable, value });
                None
            }
            (None, None) => None,
        }
    }
}

/// Exchanges the current values with those given; the way a task's map comes and goes with its poll.
#[inline(always)]
pub(crate) fn swap(snapshot: &mut Snapshot) {
    let given = std::mem::take(snapshot);
    // Nothing is left there to be dropped.
    std::mem::forget(std::mem::replace(snapshot, exchange(given)));
}

#[inline(always)]
fn exchange(snapshot: Snapshot) -> Snapshot {
    CURRENT.with(|current| ManuallyDrop::into_inner(current.replace(ManuallyDrop::new(snapshot))))
}

/// Works on the current values. Nothing of the user's runs in it: it would find no values.
#[inline]
pub(super) fn with_current<R>(work: impl FnOnce(&mut Snapshot) -> R) -> R {
    let mut current = exchange(Snapshot::EMPTY);
    let done = work(&mut current);
    std::mem::forget(exchange(current));
    done
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries().map(|entry| entry.variable.name)).finish()
    }
}
