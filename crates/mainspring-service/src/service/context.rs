use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use mainspring_task::{Task, task};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::tasks::{Drain, Tasks, Work};
use super::{Services, Status, Stopping};
use crate::Result;
use crate::net::Address;
use crate::runtime::Cores;
use crate::signal::Hangup;

/// What a service has of the process around it. A clone is the same context.
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
    hangup: Hangup,
}

struct Inner {
    index: usize,
    services: Services,
    ready: AtomicBool,
    stopping: Stopping,
    /// The service has asked for `stopping`, so its `start` is given the grace to return.
    drains: AtomicBool,
    /// Work that must be finished before the process ends.
    work: Arc<Tasks>,
    /// Tasks that end when the service is to stop.
    background: Arc<Tasks>,
    cores: Cores,
    /// The runtime of the service's group, when it is not the process's.
    home: Option<Handle>,
    events: mpsc::UnboundedSender<(usize, Event)>,
}

/// What a service tells the one who runs it.
pub(crate) enum Event {
    Ready,
    /// `start` is over for good: `None` when it was cut off.
    Ended(Option<Result>),
    /// A task of a service that is stopping was the last one.
    Idle,
    Stopped(Result),
}

impl Context {
    pub(crate) fn new(
        index: usize,
        services: Services,
        cores: Cores,
        home: Option<Handle>,
        hangup: Hangup,
        events: mpsc::UnboundedSender<(usize, Event)>,
    ) -> Self {
        let stopping = Stopping::new();
        let tasks = || {
            let (stopping, events, services) = (stopping.clone(), events.clone(), services.clone());
            Arc::new(Tasks::new(move || {
                if stopping.is_stopping() {
                    // Nobody listens after the end.
                    let _ = events.send((index, Event::Idle));
                } else {
                    services.emptied();
                }
            }))
        };
        let (work, background) = (tasks(), tasks());
        services.has_tasks(index, [&work, &background]);
        let (ready, drains) = (AtomicBool::new(false), AtomicBool::new(false));
        Context {
            hangup,
            inner: Arc::new(Inner {
                index,
                services,
                ready,
                stopping,
                drains,
                work,
                background,
                cores,
                home,
                events,
            }),
        }
    }

    /// The service is up: what waits for it may go on. Calling it again does nothing.
    pub fn ready(&self) {
        let first = !self.inner.ready.swap(true, Ordering::AcqRel);
        if !self.inner.stopping.is_stopping() {
            self.inner.services.set(self.inner.index, Status::Ready);
        }
        if first {
            self.tell(Event::Ready);
        }
    }

    /// The service is up but not well: the process does not count as ready until
    /// [`ready`](Context::ready) is called again.
    pub fn degraded(&self, why: impl Into<Arc<str>>) {
        let why = why.into();
        tracing::warn!(service = self.service(), why = &*why, "degraded");
        self.inner.services.set(self.inner.index, Status::Degraded(why));
    }

    /// Gives a value to the services that [`require`](Context::require) its type.
    ///
    /// A second value of the same type takes the place of the first for those who ask later.
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) {
        self.inner.services.provide(self.inner.index, None, value);
    }

    /// [`provide`](Context::provide) under a name, for several values of one type.
    pub fn provide_named<T: Send + Sync + 'static>(&self, name: &str, value: T) {
        self.inner.services.provide(self.inner.index, Some(name), value);
    }

    /// Waits until another service provides a value of this type.
    ///
    /// From then on this service is stopped before the one that provided it.
    ///
    /// # Errors
    ///
    /// When nobody is left who could provide it, and when it has not come within the bound that
    /// [`Entrypoint::require_within`](crate::Entrypoint::require_within) sets, as in a cycle. The error
    /// says who waits for what. The log says it too, and at once, when all that are left wait; they wait
    /// on, since one of them may have a time-out of its own and do without.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; other waiters are not touched.
    ///
    /// ```
    /// use mainspring_service::{Context, Entrypoint, service};
    ///
    /// let reader = service("reader", |cx: Context| async move {
    ///     let table = cx.require::<Vec<u32>>().await?;
    ///     assert_eq!(table.len(), 3);
    ///     Ok::<_, mainspring_service::BoxError>(())
    /// });
    /// let table = service("table", |cx: Context| async move { cx.provide(vec![1_u32, 2, 3]) });
    /// Entrypoint::new("demo").service(reader).service(table).run_until(async {}).unwrap();
    /// ```
    #[track_caller]
    pub fn require<T: Send + Sync + 'static>(&self) -> impl Future<Output = Result<Arc<T>>> + Send {
        let place = Location::caller();
        let inner = Arc::clone(&self.inner);
        async move { inner.services.require(inner.index, None, place).await }
    }

    /// [`require`](Context::require) of a value provided under a name.
    ///
    /// # Errors
    ///
    /// As [`require`](Context::require).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    #[track_caller]
    pub fn require_named<T: Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Arc<T>>> + Send {
        let place = Location::caller();
        let (inner, name) = (Arc::clone(&self.inner), name.to_owned());
        async move { inner.services.require(inner.index, Some(&name), place).await }
    }

    /// Registers a health check, asked by [`Services::check`].
    pub fn health_check<F, Fut>(&self, name: impl Into<Arc<str>>, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.inner.services.register(self.inner.index, name.into(), Arc::new(move || Box::pin(check())));
    }

    /// All services of the process.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.inner.services
    }

    /// Waits for the next SIGHUP: the process is asked to read its settings anew.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. A signal that comes between two calls ends the second at once; several count as one. Each clone
    /// of the context is told by itself, of what comes after it was made; none is told of what came before `start`.
    pub async fn reload(&self) {
        self.hangup.next().await;
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
        &self.inner.services.listing(self.inner.index).name
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

    /// Marks work that must be finished before the process ends, wherever it runs.
    ///
    /// ```
    /// use mainspring_service::{Context, Entrypoint, service};
    ///
    /// let saver = service("saver", |cx: Context| async move {
    ///     let drain = cx.drain();
    ///     std::thread::spawn(move || {
    ///         // The process ends after this.
    ///         drop(drain);
    ///     });
    /// });
    /// Entrypoint::new("demo").service(saver).run_until(async {}).unwrap();
    /// ```
    #[track_caller]
    pub fn drain(&self) -> Drain {
        self.inner.work.drain(Location::caller())
    }

    /// [`spawn`](Context::spawn) with a name, a place or a runtime of one's own choice.
    pub fn work<F>(&self, builder: task::Builder, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.seated(&self.inner.work, builder, future)
    }

    /// Tells that the service listens on an address, or on the path of a Unix socket: it is logged, and found
    /// by [`Running::address`](crate::Running::address) and [`Running::path`](crate::Running::path).
    pub fn listening(&self, scheme: &str, address: impl Into<Address>) {
        let address = address.into();
        tracing::info!(service = self.service(), address = %address.url(scheme), "listening");
        let listing = self.inner.services.listing(self.inner.index);
        listing.addresses.lock().unwrap_or_else(PoisonError::into_inner).push(address);
    }

    /// The threads that connections are spread over; none unless the runtime is
    /// [`PerCore`](crate::Runtime::PerCore).
    pub(crate) fn cores(&self) -> &Cores {
        &self.inner.cores
    }

    pub(crate) fn addresses(&self) -> Vec<Address> {
        let listing = self.inner.services.listing(self.inner.index);
        listing.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn drains(&self) -> bool {
        self.inner.drains.load(Ordering::Acquire)
    }

    /// Begins the end of the service: its background tasks are cancelled here.
    pub(crate) fn begin_stop(&self, handover: bool) {
        self.inner.services.set(self.inner.index, Status::Stopping);
        self.inner.stopping.begin(handover);
        self.end_background("the service is stopping");
    }

    fn end_background(&self, reason: &'static str) {
        for task in self.inner.background.tasks() {
            task.cancel_with(reason);
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody listens once the process has given up waiting.
        let _ = self.inner.events.send((self.inner.index, event));
    }

    pub(crate) fn unfinished(&self) -> Vec<Work> {
        let mut work = self.inner.work.live();
        work.extend(self.inner.background.live());
        work
    }

    /// No task of the service is left.
    pub(crate) fn is_idle(&self) -> bool {
        self.inner.work.is_empty() && self.inner.background.is_empty()
    }

    /// A task of the service is left, whatever guards there are.
    pub(crate) fn has_tasks(&self) -> bool {
        self.unfinished().iter().any(|work| matches!(work, Work::Task(_)))
    }

    pub(crate) fn index(&self) -> usize {
        self.inner.index
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.inner.ready.load(Ordering::Acquire)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stopping.is_stopping()
    }

    /// `start` is called next, and reads the settings as they are now.
    pub(crate) fn starting(&self) {
        self.hangup.catch_up();
    }

    /// `start` has returned well: who has not said that the service is ready, or worse, says so by that.
    pub(crate) fn returned(&self) {
        if !matches!(self.inner.services.status(self.service()), Some(Status::Degraded(_))) {
            self.ready();
        }
    }

    /// The service is about to be started again: what belonged to its last run ends.
    pub(crate) fn restarting(&self) {
        self.inner.drains.store(false, Ordering::Release);
        self.inner.services.listing(self.inner.index).restarts.fetch_add(1, Ordering::Relaxed);
        self.inner.services.set(self.inner.index, Status::Starting);
        self.end_background("the service is started again");
    }

    fn seated<F>(&self, tasks: &Arc<Tasks>, builder: task::Builder, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let seat = tasks.seat();
        let key = seat.key();
        let builder = builder.service(self.service());
        // A runtime that the builder names goes before the service's own.
        let builder = self.inner.home.as_ref().map_or(builder.clone(), |home| builder.or_on(home));
        let task = builder.spawn(seat.hold(future));
        tasks.spawned(key, task.reference());
        // Who ends the background of a service that is to stop has been here already.
        if Arc::ptr_eq(tasks, &self.inner.background) && self.is_stopping() {
            task.reference().cancel_with("the service is stopping");
        }
        task
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("service", &self.service()).finish_non_exhaustive()
    }
}
