use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainspring_task::cancel::finally;
use mainspring_task::{Shared, Task, TaskError};
use tokio::task::yield_now;
use tokio::time::sleep;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets everything run until it waits.
pub(crate) async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Lets the task run until it waits, cancels it, and waits for its end.
pub(crate) async fn cancel<T: Send + 'static>(task: Task<T>) -> Result<T, TaskError> {
    settle().await;
    task.cancel();
    task.await
}

/// A value that comes after some seconds.
pub(crate) async fn after<T>(seconds: u64, value: T) -> Result<T, TaskError> {
    sleep(secs(seconds)).await;
    Ok(value)
}

/// Lines in the order in which they were written.
#[derive(Clone)]
pub(crate) struct Log(Shared<Vec<&'static str>>);

impl Log {
    pub(crate) fn new() -> Self {
        Log(Shared::new(Vec::new()))
    }

    pub(crate) fn write(&self, line: &'static str) {
        self.0.update(|lines| lines.push(line));
    }

    pub(crate) fn read(&self) -> Vec<&'static str> {
        self.0.get()
    }

    pub(crate) fn sorted(&self) -> Vec<&'static str> {
        let mut lines = self.read();
        lines.sort_unstable();
        lines
    }

    /// Waits for ever; when it is cancelled, takes 10 ms to write a line.
    pub(crate) fn guarded(&self, line: &'static str) -> impl Future<Output = ()> + Send + use<> {
        finally(pending(), self.later(line))
    }

    /// Writes a line in 10 ms.
    pub(crate) fn later(&self, line: &'static str) -> impl Future<Output = ()> + Send + use<> {
        let log = self.clone();
        async move {
            sleep(Duration::from_millis(10)).await;
            log.write(line);
        }
    }
}

/// Counts what is logged as an error on this thread.
pub(crate) struct Errors {
    count: Arc<AtomicUsize>,
    _guard: DefaultGuard,
}

impl Errors {
    pub(crate) fn watch() -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let guard = tracing::subscriber::set_default(Counter(Arc::clone(&count)));
        Errors { count, _guard: guard }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

struct Counter(Arc<AtomicUsize>);

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
