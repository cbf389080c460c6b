use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// One single-threaded runtime per worker thread.
///
/// A clone is the same set; the threads end when the last clone is dropped.
#[derive(Clone, Default)]
pub(crate) struct Cores {
    cores: Arc<[Worker]>,
}

struct Worker {
    handle: Handle,
    /// How many connections the worker has.
    load: Arc<AtomicUsize>,
    /// Dropped to end the thread, which is not waited for: a task that blocks it would block us.
    _stop: oneshot::Sender<()>,
}

/// One connection's share of a core; given back on drop.
pub(crate) struct Core {
    handle: Handle,
    load: Arc<AtomicUsize>,
}

impl Cores {
    pub(crate) fn none() -> Self {
        Cores::default()
    }

    pub(crate) fn start(count: usize) -> io::Result<Self> {
        (0..count)
            .map(|index| Worker::start(format!("core-{index}")))
            .collect::<io::Result<Vec<_>>>()
            .map(|cores| Cores { cores: cores.into() })
    }

    /// One thread, by its name.
    pub(super) fn named(name: &str) -> io::Result<Self> {
        Ok(Cores { cores: Arc::new([Worker::start(name.to_owned())?]) })
    }

    pub(super) fn first(&self) -> Option<Handle> {
        self.cores.first().map(|worker| worker.handle.clone())
    }

    /// The core with the fewest connections; `None` when everything runs on one runtime.
    pub(crate) fn least_loaded(&self) -> Option<Core> {
        let worker = self.cores.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed))?;
        worker.load.fetch_add(1, Ordering::Relaxed);
        Some(Core { handle: worker.handle.clone(), load: Arc::clone(&worker.load) })
    }
}

impl Core {
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker {
    fn start(name: String) -> io::Result<Self> {
        let runtime = super::current_thread()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new().name(name).spawn(move || {
            // Ends with an error when the sender is dropped, which is how it is told.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok(Worker { handle, load: Arc::default(), _stop: stop })
    }
}

impl fmt::Debug for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cores({})", self.cores.len())
    }
}
