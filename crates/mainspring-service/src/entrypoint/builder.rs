use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::SignalKind;

use super::hooks::{Hooks, Moment};
use super::launch::complain;
use super::reload::Reload;
use super::run::report;
use super::{Environment, Installed, Logger, Running};
use crate::net::inherit;
use crate::runtime::Cores;
use crate::runtime::Threads;
use crate::service::{BoxService, IntoService};
use crate::{Error, Outcome, Runtime};

/// As long as a clock can be set ahead for, and longer than any process runs.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// Everything a process runs, and how.
///
/// ```
/// use std::time::Duration;
/// use mainspring_service::{Context, Entrypoint, Runtime};
///
/// let entrypoint = Entrypoint::new("demo")
///     .runtime(Runtime::Current)
///     .shutdown_grace(Duration::from_secs(5))
///     .service(("hello", |cx: Context| async move { cx.ready() }));
/// assert_eq!(entrypoint.run_until(async { "done" }).unwrap(), "done");
/// ```
#[must_use = "an entrypoint does nothing until it is run"]
pub struct Entrypoint {
    pub(super) name: String,
    pub(super) services: Vec<(Arc<str>, BoxService)>,
    pub(super) bounds: Bounds,
    pub(super) runtime: Runtime,
    pub(super) threads: Threads,
    pub(super) hooks: Hooks,
    pub(super) logger: Option<Box<dyn Logger>>,
    pub(super) reload: Reload,
}

/// The times that bound the start and the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) grace: Duration,
    pub(super) pre_stop: Duration,
    pub(super) require: Duration,
    pub(super) start: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            grace: Duration::from_secs(10),
            pre_stop: Duration::ZERO,
            require: Duration::from_secs(10),
            start: Duration::from_secs(60),
        }
    }
}

impl Entrypoint {
    /// An entrypoint without services.
    pub fn new(name: impl Into<String>) -> Self {
        Entrypoint {
            name: name.into(),
            services: Vec::new(),
            bounds: Bounds::default(),
            runtime: Runtime::default(),
            threads: Threads::default(),
            hooks: Hooks::default(),
            logger: None,
            reload: Reload::default(),
        }
    }

    /// Adds a service: a [`Service`](crate::Service), a closure, or a closure with a name before it.
    ///
    /// Of several services with one name, the second is called `name-2`, and so on.
    pub fn service<Kind>(mut self, service: impl IntoService<Kind>) -> Self {
        let service: BoxService = Box::new(service.into_service());
        let name = self.free_name(service.name());
        self.services.push((name, service));
        self
    }

    /// Which threads run the tasks. Default: [`Runtime::Shared`].
    pub fn runtime(mut self, runtime: Runtime) -> Self {
        self.runtime = runtime;
        self
    }

    /// How many worker threads there are; at least one. Default: the number of processors.
    pub fn workers(mut self, workers: usize) -> Self {
        self.threads.workers = Some(workers.max(1));
        self
    }

    /// How many threads tokio's own blocking work may take, such as name look-ups; at least one.
    /// Default: 512.
    pub fn blocking_threads(mut self, threads: usize) -> Self {
        self.threads.blocking = Some(threads.max(1));
        self
    }

    /// The name of the worker threads of [`Runtime::Shared`]. Default: `worker`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.threads.name = Some(name.into());
        self
    }

    /// Adds what a plugin brings: services, hooks, settings.
    ///
    /// ```
    /// use mainspring_service::{Context, Entrypoint};
    ///
    /// fn greeting(entrypoint: Entrypoint) -> Entrypoint {
    ///     entrypoint.service(("greeter", |_: Context| async {})).before_start(|| async {})
    /// }
    /// Entrypoint::new("demo").with(greeting).run_until(async {}).unwrap();
    /// ```
    pub fn with(self, plugin: impl FnOnce(Self) -> Self) -> Self {
        plugin(self)
    }

    /// Runs before the first service starts. An error keeps the process from starting.
    #[track_caller]
    pub fn before_start<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.add(Moment::BeforeStart, Location::caller(), hook);
        self
    }

    /// Runs when all services are ready. An error is logged.
    #[track_caller]
    pub fn after_start<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.add(Moment::AfterStart, Location::caller(), hook);
        self
    }

    /// Runs before the services are told to stop. An error is logged.
    #[track_caller]
    pub fn before_stop<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.add(Moment::BeforeStop, Location::caller(), hook);
        self
    }

    /// Runs when all services are down. An error is logged.
    #[track_caller]
    pub fn after_stop<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.add(Moment::AfterStop, Location::caller(), hook);
        self
    }

    /// Runs each time a signal of the user's choice comes, while [`run`](Entrypoint::run) or
    /// [`run_until`](Entrypoint::run_until) runs the process. An error is logged. There is none on Windows.
    #[cfg(unix)]
    #[track_caller]
    pub fn on_signal<F, Fut>(mut self, signal: SignalKind, hook: F) -> Self
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.hooks.add_signal(signal, Location::caller(), hook);
        self
    }

    /// How long work that is under way may take to end at shutdown. Default: 10 s.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.bounds.grace = grace.min(FOR_EVER);
        self
    }

    /// How long the process goes on taking work after it has said that it is not ready any more, so
    /// that a load balancer can look away first. Default: none.
    pub fn pre_stop_delay(mut self, delay: Duration) -> Self {
        self.bounds.pre_stop = delay;
        self
    }

    /// How long the services may take to become ready, all together; [`Duration::MAX`] is for ever.
    /// Default: 60 s.
    pub fn start_within(mut self, bound: Duration) -> Self {
        self.bounds.start = bound;
        self
    }

    /// How long a service may wait for what it [requires](crate::Context::require). Default: 10 s.
    pub fn require_within(mut self, bound: Duration) -> Self {
        self.bounds.require = bound.min(FOR_EVER);
        self
    }

    /// The log of the process, set up by [`run`](Entrypoint::run) and
    /// [`run_until`](Entrypoint::run_until). Default: none is set up.
    pub fn log(mut self, logger: impl Logger) -> Self {
        self.logger = Some(Box::new(logger));
        self
    }

    /// The log to use when [`log`](Entrypoint::log) has not been called.
    pub fn log_default(self, logger: impl Logger) -> Self {
        if self.logger.is_some() { self } else { self.log(logger) }
    }

    /// Runs the services until SIGINT or SIGTERM comes or one of them fails, then stops them.
    ///
    /// Exit codes: 0 after a clean stop; 1 when a service failed; 70 when work had to be cut off at
    /// the end of the grace; 128 + n when a second signal n came.
    pub fn run(self) -> ExitCode {
        match self.run_until(std::future::pending::<()>()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.is_interrupted() && error.exit_code() == 1 => ExitCode::SUCCESS,
            Err(error) => ExitCode::from(error.exit_code()),
        }
    }

    /// Runs the services while the future runs, stops them, and gives the future's output.
    ///
    /// The future starts when all services are ready.
    ///
    /// # Errors
    ///
    /// When the log or the runtime cannot be made; when a service does not start
    /// ([`is_start`](Error::is_start)), fails ([`is_service`](Error::is_service)) or has to be cut
    /// off ([`is_drain`](Error::is_drain)); when a signal came first
    /// ([`is_interrupted`](Error::is_interrupted)). The future is dropped then.
    ///
    /// # Panics
    ///
    /// When called inside of a tokio runtime, where [`start`](Entrypoint::start) serves.
    pub fn run_until<F: Future>(mut self, future: F) -> Result<F::Output, Error> {
        // Before there is another thread: the variables are taken out of the environment.
        let inherited = inherit::adopt_environment();
        let log = match self.install_log() {
            Ok(log) => log,
            Err(error) => {
                complain(&error);
                return Err(error);
            }
        };
        let result = inherited.map_err(Error::inherited).and_then(|_| self.run_on_own_runtime(future));
        if let Err(error) = &result {
            report(error);
        }
        drop(log);
        result
    }

    /// Starts the services on the current runtime, and returns when all are ready.
    ///
    /// For tests, and for programs that have a runtime already; `runtime`, `workers` and `log` play
    /// no part, and signals are left alone.
    ///
    /// # Errors
    ///
    /// When a service does not start ([`is_start`](Error::is_start)).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: services that have started run on when it is dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use mainspring_service::{Entrypoint, net::{Connection, TcpServer}};
    ///
    /// let echo = TcpServer::bind("127.0.0.1:0", |_: Connection| async {}).name("echo");
    /// let running = Entrypoint::new("test").service(echo).start().await.unwrap();
    /// assert_ne!(running.address("echo").unwrap().port(), 0);
    /// running.stop().await.unwrap();
    /// # }
    /// ```
    pub async fn start(self) -> Result<Running, Error> {
        let mut running = Running::spawn(self, &Cores::none()).await?;
        match running.ready().await {
            Ok(()) => Ok(running),
            Err(error) => {
                if let Err(another) = running.abandon().await {
                    tracing::error!("{another}");
                }
                Err(error)
            }
        }
    }

    fn install_log(&mut self) -> Result<Option<Arc<dyn Installed>>, Error> {
        let Some(logger) = self.logger.take() else { return Ok(None) };
        let environment = Environment::read();
        let log: Arc<dyn Installed> = logger.install(&environment).map_err(Error::log)?.into();
        if environment.filter.is_none() {
            self.reload.steer(&log).map_err(Error::log)?;
        }
        Ok(Some(log))
    }

    fn free_name(&self, name: String) -> Arc<str> {
        let taken = |name: &str| self.services.iter().any(|(known, _)| **known == *name);
        if !taken(&name) {
            return name.into();
        }
        let numbered = (2..).map(|number| format!("{name}-{number}")).find(|name| !taken(name));
        numbered.expect("there are more numbers than services").into()
    }
}

impl fmt::Debug for Entrypoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<_> = self.services.iter().map(|(name, _)| name).collect();
        f.debug_struct("Entrypoint")
            .field("name", &self.name)
            .field("services", &services)
            .finish_non_exhaustive()
    }
}
