//! The threads a process runs on.

mod cores;
mod groups;

use std::io;
use std::num::NonZeroUsize;

pub(crate) use cores::Cores;
pub(crate) use groups::Groups;

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

/// How many threads there are, and what they are called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads {
    pub(crate) workers: Option<usize>,
    pub(crate) blocking: Option<usize>,
    pub(crate) name: Option<String>,
}

impl Runtime {
    pub(crate) fn build(self, threads: &Threads) -> io::Result<(tokio::runtime::Runtime, Cores)> {
        let workers = threads.workers.unwrap_or_else(default_workers);
        let mut builder = match self {
            Runtime::Shared => tokio::runtime::Builder::new_multi_thread(),
            Runtime::PerCore | Runtime::Current => tokio::runtime::Builder::new_current_thread(),
        };
        builder.worker_threads(workers).thread_name(threads.name.as_deref().unwrap_or("worker")).enable_all();
        if self == Runtime::Shared {
            builder.global_queue_interval(GLOBAL_QUEUE_INTERVAL);
        }
        if let Some(blocking) = threads.blocking {
            builder.max_blocking_threads(blocking);
        }
        let cores = if self == Runtime::PerCore { Cores::start(workers)? } else { Cores::none() };
        Ok((builder.build()?, cores))
    }
}

/// After how many tasks of its own a worker of [`Runtime::Shared`] takes one from the queue that all share.
///
/// A worker's own queue has 256 places; what is woken beyond them goes to the shared one. A worker that always has
/// something of its own comes there so rarely by tokio's own measure that of 512 busy connections one in a hundred
/// waited 60 ms for its turn.
const GLOBAL_QUEUE_INTERVAL: u32 = 8;

fn current_thread() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
