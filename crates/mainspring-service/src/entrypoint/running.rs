use std::fmt;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mainspring_task::cancel::{grace, rescued};
use mainspring_task::{Task, task};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Entrypoint;
use super::drive::{Orders, drive};
use crate::runtime::Cores;
use crate::service::Event;
use crate::{BoxError, Context, Error};

/// The services of an entrypoint while they run.
///
/// Dropping it without [`stop`](Running::stop) cancels the services without letting them end well.
pub struct Running {
    name: String,
    services: Vec<Member>,
    events: mpsc::UnboundedReceiver<(usize, Event)>,
    /// Services in the order in which they became ready.
    order: Vec<usize>,
    grace: Duration,
    spawned: Instant,
}

struct Member {
    name: Arc<str>,
    cx: Context,
    orders: Orders,
    task: Task<()>,
    /// `start` is over.
    ended: bool,
    stopped: bool,
}

impl Running {
    /// Spawns the services; none has started yet.
    pub(super) fn spawn(entrypoint: Entrypoint, cores: &Cores) -> Self {
        let (tell, events) = mpsc::unbounded_channel();
        let spawn = |(index, (name, service)): (usize, (Arc<str>, _))| {
            let cx = Context::new(Arc::clone(&name), index, cores.clone(), tell.clone());
            let orders = Orders::new();
            let task = task::Builder::new().name(Arc::clone(&name)).service(Arc::clone(&name));
            let task = task.spawn(drive(service, cx.clone(), orders.clone()));
            Member { name, cx, orders, task, ended: false, stopped: false }
        };
        let services = entrypoint.services.into_iter().enumerate().map(spawn).collect();
        let (name, grace) = (entrypoint.name, entrypoint.grace);
        Running { name, services, events, order: Vec::new(), grace, spawned: Instant::now() }
    }

    /// Waits until every service is ready.
    pub(super) async fn ready(&mut self) -> Result<(), Error> {
        while self.order.len() < self.services.len() {
            self.next_event().await?;
        }
        let (name, services, took) = (&self.name, self.services.len(), self.spawned.elapsed());
        tracing::info!(
            name,
            services,
            ?took,
            pid = std::process::id(),
            "running; stop with Ctrl-C or SIGTERM"
        );
        Ok(())
    }

    /// The address the named service listens on; the first one, when there are several.
    #[must_use]
    pub fn address(&self, service: &str) -> Option<SocketAddr> {
        let member = self.services.iter().find(|member| &*member.name == service)?;
        member.cx.addresses().first().copied()
    }

    /// The names of the services, in the order in which they became ready.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|&index| &*self.services[index].name)
    }

    /// Waits until a service fails, and gives its error; for ever when none does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn failed(&mut self) -> Error {
        loop {
            if self.events.is_closed() && self.events.is_empty() {
                pending::<()>().await;
            }
            if let Err(error) = self.next_event().await {
                return error;
            }
        }
    }

    /// Stops the services; see [the module](crate::entrypoint) for the order of things.
    ///
    /// # Errors
    ///
    /// When work had to be cut off at the end of the grace ([`is_drain`](Error::is_drain)), or a
    /// service failed on its way out ([`is_service`](Error::is_service)). All are stopped anyway.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropping it ends the services at once.
    pub async fn stop(mut self) -> Result<(), Error> {
        let began = Instant::now();
        let drained = self.drain(began + self.grace).await;
        let stopped = self.stop_in_reverse().await;
        tracing::info!(name = self.name, took = ?began.elapsed(), "stopped");
        drained.and(stopped)
    }

    /// Nobody takes new work from here; what is under way has until the deadline.
    async fn drain(&mut self, deadline: Instant) -> Result<(), Error> {
        for member in &self.services {
            member.cx.begin_stop();
            if !member.cx.drains() {
                member.orders.cut();
            }
        }
        let mut failed = Ok(());
        let in_time = timeout_at(deadline, self.finished(&mut failed)).await.is_ok();
        if in_time {
            return failed;
        }
        let late = self.cut_off();
        // What is cancelled has the grace of its task to clean up; one that never yields has no longer.
        let limit = Instant::now() + grace() + Duration::from_secs(1);
        let _ = timeout_at(limit, self.finished(&mut failed)).await;
        Err(Error::drain(late))
    }

    /// Waits until each `start` is over and no task of any service is left.
    async fn finished(&mut self, failed: &mut Result<(), Error>) {
        while self.services.iter().any(|member| !member.ended) {
            if let Err(error) = self.next_event().await {
                first(failed, Err(error));
            }
        }
        for member in &self.services {
            member.cx.finished().await;
        }
        rescued().await;
    }

    /// Cancels what is left at the end of the grace, and says of each who it is.
    fn cut_off(&self) -> Vec<String> {
        let mut late = Vec::new();
        for member in &self.services {
            let service = &*member.name;
            let mut blocks = !member.ended;
            if blocks {
                tracing::error!(service, "the service has not returned from start in the shutdown grace");
            }
            member.orders.cut();
            for task in member.cx.unfinished() {
                let info = task.info();
                tracing::error!(service, task = %info.name, place = %info.place, age = ?info.age, "work is cut off at the end of the shutdown grace");
                task.cancel_with("the shutdown grace is over");
                blocks = true;
            }
            if blocks {
                late.push(service.to_owned());
            }
        }
        late
    }

    /// Calls `stop` on each service that was ready, the last one first.
    async fn stop_in_reverse(&mut self) -> Result<(), Error> {
        let mut failed = Ok(());
        for index in std::mem::take(&mut self.order).into_iter().rev() {
            self.services[index].orders.stop.cancel();
            while !self.services[index].stopped {
                if let Err(error) = self.next_event().await {
                    first(&mut failed, Err(error));
                }
            }
        }
        failed
    }

    /// A service did not start: the others are cut off or stopped, and nothing is left behind.
    pub(super) async fn abandon(mut self) {
        for (index, member) in self.services.iter().enumerate() {
            if !self.order.contains(&index) {
                member.orders.cut();
            }
        }
        if let Err(error) = self.drain(Instant::now() + self.grace).await {
            tracing::error!("{error}");
        }
        if let Err(error) = self.stop_in_reverse().await {
            tracing::error!("{error}");
        }
    }

    /// Takes one event in; an error when it is bad news.
    async fn next_event(&mut self) -> Result<(), Error> {
        let Some((index, event)) = self.events.recv().await else { return Ok(()) };
        let member = &mut self.services[index];
        match event {
            Event::Ready => {
                tracing::debug!(service = &*member.name, "ready");
                self.order.push(index);
                Ok(())
            }
            Event::Ended(result) => {
                member.ended = true;
                let was_ready = self.order.contains(&index);
                result.unwrap_or(Ok(())).map_err(|source| blame(&member.name, was_ready, source))
            }
            Event::Stopped(result) => {
                member.stopped = true;
                result.map_err(|source| Error::failed(&member.name, source))
            }
        }
    }
}

fn blame(service: &str, was_ready: bool, source: BoxError) -> Error {
    if was_ready { Error::failed(service, source) } else { Error::start(service, source) }
}

/// Keeps the first error; later ones are logged so that none is lost.
fn first(kept: &mut Result<(), Error>, next: Result<(), Error>) {
    match (&kept, next) {
        (Ok(()), next) => *kept = next,
        (Err(_), Err(error)) => tracing::error!("{error}"),
        (Err(_), Ok(())) => {}
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for member in &self.services {
            for task in member.cx.unfinished() {
                task.cancel();
            }
            member.task.abort();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("name", &self.name)
            .field("services", &self.services.len())
            .finish_non_exhaustive()
    }
}
