//! The threads a process runs on.

mod cores;

use std::io;
use std::num::NonZeroUsize;

pub(crate) use cores::Cores;

/// Which threads run the tasks.
///
/// | choice | services run on | connections run on |
/// |---|---|---|
/// | `Shared` | a pool whose threads take work from each other | the same pool |
/// | `PerCore` | the main thread | one single-threaded runtime per worker |
/// | `Current` | the main thread | the main thread |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Runtime {
    /// One pool of workers. The default: the best choice with few connections or uneven work.
    #[default]
    Shared,
    /// One runtime per worker; each connection is handed to the one that has the fewest. The best
    /// choice with many even connections, as their tasks never change threads.
    PerCore,
    /// Everything on the thread that calls `run`.
    Current,
}

impl Runtime {
    pub(crate) fn build(self, workers: Option<usize>) -> io::Result<(tokio::runtime::Runtime, Cores)> {
        let workers = workers.unwrap_or_else(default_workers);
        match self {
            Runtime::Shared => {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(workers)
                    .thread_name("worker")
                    .enable_all()
                    .build()?;
                Ok((runtime, Cores::none()))
            }
            Runtime::PerCore => Ok((current_thread()?, Cores::start(workers)?)),
            Runtime::Current => Ok((current_thread()?, Cores::none())),
        }
    }
}

fn current_thread() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
