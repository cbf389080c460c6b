use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tracing_subscriber::{EnvFilter, reload};

use super::{
    Stats,
    buffer::Buffer,
    error::{Error, Kind},
    filter::Filter,
};

/// The log of the process, once [`Log::install`](super::Log::install) has set it.
static INSTALLED: OnceLock<Handle> = OnceLock::new();

/// Reaches the installed log from anywhere: to change its filter or read its counters.
///
/// `None` until [`Log::install`](super::Log::install) has succeeded.
pub fn handle() -> Option<&'static Handle> {
    INSTALLED.get()
}

/// Reads the counters of the installed log; all zero when there is none.
#[must_use]
pub fn stats() -> Stats {
    handle().map(Handle::stats).unwrap_or_default()
}

pub(super) fn set_installed(handle: Handle) {
    // Only one install per process succeeds, so the cell is empty.
    let _ = INSTALLED.set(handle);
}

/// Changes and reads a running log. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) buffer: Arc<Buffer>,
    pub(super) filter: Filter,
    pub(super) reload: Reload,
}

/// Hides the subscriber's type, which the reloading handle carries.
pub(super) type Reload = Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

impl Handle {
    /// Replaces the filter's directives for the lines from now on, in all threads.
    ///
    /// They add to [`Log::level`](super::Log::level) as those of [`Log::filter`](super::Log::filter) do: `"debug"`
    /// lets everything from `DEBUG` up pass, `"my_crate=debug"` changes one module, and `""` goes back to the
    /// level. It takes about a microsecond, and the next event of each place in the code is looked at again.
    ///
    /// # Errors
    ///
    /// * [`is_bad_filter`](Error::is_bad_filter): a directive cannot be read; the old filter stays.
    /// * [`is_gone`](Error::is_gone): the subscriber has been dropped.
    pub fn filter(&self, directives: &str) -> Result<(), Error> {
        let filter = self.filter.with(directives, "a change at run time").parse()?;
        (self.reload)(filter).map_err(|source| Kind::Reload { source }.into())
    }

    /// Waits until the lines logged before this call are written or lost, at most `bound`; says whether they are.
    ///
    /// It blocks the thread: call it where a process ends or in a test, not in a task.
    #[must_use]
    pub fn flush(&self, bound: Duration) -> bool {
        self.buffer.flush(bound)
    }

    /// Reads the log's counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.buffer.stats()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Keeps the log open; dropping it writes out what is left and ends the writer's thread.
///
/// The drop takes at most [`Log::exit_flush`](super::Log::exit_flush), also when nobody reads the output. Lines
/// logged afterwards are dropped and counted, so keep the guard to the end of `main`.
#[must_use = "the log closes when its guard is dropped"]
#[derive(Debug)]
pub struct Guard {
    pub(super) handle: Handle,
    pub(super) exit_flush: Duration,
}

impl Guard {
    /// Returns a handle that outlives the borrow of the guard.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Replaces the filter's directives: see [`Handle::filter`].
    ///
    /// # Errors
    ///
    /// Those of [`Handle::filter`].
    pub fn filter(&self, directives: &str) -> Result<(), Error> {
        self.handle.filter(directives)
    }

    /// Waits for the writer: see [`Handle::flush`].
    #[must_use]
    pub fn flush(&self, bound: Duration) -> bool {
        self.handle.flush(bound)
    }

    /// Reads the log's counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.handle.stats()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.handle.buffer.close(self.exit_flush);
    }
}
