use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mainspring_task::{Task, TaskRef, task};
use tokio::sync::mpsc;

use super::Stopping;
use super::tasks::Tasks;
use crate::Result;
use crate::runtime::Cores;

/// What a service has of the process around it. A clone is the same context.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    service: Arc<str>,
    index: usize,
    ready: AtomicBool,
    stopping: Stopping,
    /// The service has asked for `stopping`, so its `start` is given the grace to return.
    drains: AtomicBool,
    /// Work that must be finished before the process ends.
    work: Arc<Tasks>,
    /// Tasks that end when the service is to stop.
    background: Arc<Tasks>,
    listening: Mutex<Vec<SocketAddr>>,
    cores: Cores,
    events: mpsc::UnboundedSender<(usize, Event)>,
}

/// What a service tells the one who runs it.
pub(crate) enum Event {
    Ready,
    /// `start` is over: `None` when it was cut off.
    Ended(Option<Result>),
    Stopped(Result),
}

impl Context {
    pub(crate) fn new(
        service: Arc<str>,
        index: usize,
        cores: Cores,
        events: mpsc::UnboundedSender<(usize, Event)>,
    ) -> Self {
        Context {
            inner: Arc::new(Inner {
                service,
                index,
                ready: AtomicBool::new(false),
                stopping: Stopping::new(),
                drains: AtomicBool::new(false),
                work: Arc::default(),
                background: Arc::default(),
                listening: Mutex::default(),
                cores,
                events,
            }),
        }
    }

    /// The service is up: what waits for it may go on. Calling it again does nothing.
    pub fn ready(&self) {
        if !self.inner.ready.swap(true, Ordering::AcqRel) {
            self.tell(Event::Ready);
        }
    }

    /// Tells when the service is to stop.
    ///
    /// Asking for it is a promise to heed it: from then on `start` is given the shutdown grace to
    /// return, instead of being dropped at once.
    #[must_use = "a service that has asked for this is waited for"]
    pub fn stopping(&self) -> Stopping {
        self.inner.drains.store(true, Ordering::Release);
        self.inner.stopping.clone()
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.inner.service
    }

    /// Spawns work that is finished before the process ends.
    ///
    /// At shutdown it has the grace to end; what is left then is named in the log and cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.work(task::Builder::new().place(Location::caller()), future)
    }

    /// Spawns a task that lives as long as the service: it is cancelled when the service is to stop.
    #[track_caller]
    pub fn background<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.seated(&self.inner.background, task::Builder::new().place(Location::caller()), future)
    }

    /// [`spawn`](Context::spawn) with a name, a place or a runtime of one's own choice.
    pub fn work<F>(&self, builder: task::Builder, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.seated(&self.inner.work, builder, future)
    }

    /// Tells that the service listens on an address: it is logged, and found by
    /// [`Running::address`](crate::Running::address).
    pub fn listening(&self, scheme: &str, address: SocketAddr) {
        self.inner.listening.lock().unwrap_or_else(PoisonError::into_inner).push(address);
        tracing::info!(service = self.service(), address = %format_args!("{scheme}://{address}"), "listening");
    }

    /// The threads that connections are spread over; none unless the runtime is
    /// [`PerCore`](crate::Runtime::PerCore).
    pub(crate) fn cores(&self) -> &Cores {
        &self.inner.cores
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.inner.listening.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn drains(&self) -> bool {
        self.inner.drains.load(Ordering::Acquire)
    }

    /// Begins the end of the service: its background tasks are cancelled here.
    pub(crate) fn begin_stop(&self) {
        self.inner.stopping.begin();
        for task in self.inner.background.live() {
            task.cancel_with("the service is stopping");
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody listens once the process has given up waiting.
        let _ = self.inner.events.send((self.inner.index, event));
    }

    pub(crate) fn unfinished(&self) -> Vec<TaskRef> {
        let mut tasks = self.inner.work.live();
        tasks.extend(self.inner.background.live());
        tasks
    }

    pub(crate) async fn finished(&self) {
        self.inner.work.empty().await;
        self.inner.background.empty().await;
    }

    fn seated<F>(&self, tasks: &Arc<Tasks>, builder: task::Builder, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let seat = tasks.seat();
        let key = seat.key();
        let task = builder.service(Arc::clone(&self.inner.service)).spawn(seat.hold(future));
        tasks.spawned(key, task.reference());
        task
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("service", &self.service()).finish_non_exhaustive()
    }
}
