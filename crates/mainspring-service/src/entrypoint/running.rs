use std::fmt;
use std::future::pending;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainspring_task::{Task, task};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Entrypoint;
use super::builder::Bounds;
use super::drive::{Orders, drive};
use super::hooks::{Hooks, Moment};
use super::reload::Reload;
use crate::net::Address;
use crate::runtime::{Cores, Groups};
use crate::service::{BoxService, Event, Listing, OnFailure, Services, Work};
use crate::signal::Signal;
use crate::{BoxError, Context, Error};

/// The services of an entrypoint while they run.
///
/// Dropping it without [`stop`](Running::stop) cancels the services without letting them end well.
pub struct Running {
    pub(super) name: String,
    pub(super) members: Vec<Member>,
    pub(super) services: Services,
    events: mpsc::UnboundedReceiver<(usize, Event)>,
    /// Services in the order in which they became ready.
    pub(super) order: Vec<usize>,
    pub(super) bounds: Bounds,
    pub(super) reload: Arc<Reload>,
    /// Another process has the listening sockets: idle clients are sent to it with their next answer.
    pub(super) handover: bool,
    spawned: Instant,
    pub(super) hooks: Hooks,
    /// Their threads live as long as this.
    _groups: Groups,
}

pub(super) struct Member {
    pub(super) name: Arc<str>,
    pub(super) cx: Context,
    pub(super) orders: Orders,
    pub(super) task: Task<()>,
    on_failure: OnFailure,
    /// `start` is over for good.
    pub(super) ended: bool,
    pub(super) stopped: bool,
}

impl Running {
    /// Spawns the services; none has started yet.
    pub(super) async fn spawn(mut entrypoint: Entrypoint, cores: &Cores) -> Result<Self, Error> {
        entrypoint.hooks.run(Moment::BeforeStart).await?;
        let groups = entrypoint.services.iter().filter_map(|(_, service)| service.policy().group);
        let groups = Groups::start(groups).map_err(Error::runtime)?;
        let (tell, events) = mpsc::unbounded_channel();
        let listings =
            entrypoint.services.iter().map(|(name, service)| Listing::new(name.clone(), service.policy()));
        let services = Services::new(listings.collect(), entrypoint.bounds.require);
        let reload = Arc::new(entrypoint.reload);
        let spawn = |(index, (name, service)): (usize, (Arc<str>, BoxService))| {
            let policy = service.policy();
            let home = groups.handle(policy.group.as_deref());
            let cx = Context::new(
                index,
                services.clone(),
                cores.clone(),
                home.clone(),
                reload.hangup.clone(),
                tell.clone(),
            );
            let (orders, on_failure) = (Orders::new(), policy.on_failure);
            let task = task::Builder::new().name(name.clone()).service(name.clone());
            let task = home.iter().fold(task, |task, home| task.on(home));
            let task = task.spawn(drive(service, policy, cx.clone(), orders.clone()));
            Member { name, cx, orders, task, on_failure, ended: false, stopped: false }
        };
        let members = entrypoint.services.into_iter().enumerate().map(spawn).collect();
        Ok(Running {
            name: entrypoint.name,
            hooks: entrypoint.hooks,
            _groups: groups,
            members,
            services,
            events,
            order: Vec::new(),
            bounds: entrypoint.bounds,
            reload,
            handover: false,
            spawned: Instant::now(),
        })
    }

    /// Waits until every service is ready.
    pub(super) async fn ready(&mut self) -> Result<(), Error> {
        let deadline = self.spawned.checked_add(self.bounds.start);
        let ready = self.all_ready();
        match deadline {
            None => ready.await?,
            Some(deadline) => match timeout_at(deadline, ready).await {
                Ok(ready) => ready?,
                Err(_) => return Err(self.late()),
            },
        }
        let (name, services, took) = (&self.name, self.members.len(), self.spawned.elapsed());
        let pid = std::process::id();
        let terminate = Signal::Terminate;
        tracing::info!(name, services, ?took, pid, "running; stop with Ctrl-C or {terminate}");
        // What fails is in the log; the services run.
        let _ = self.hooks.run(Moment::AfterStart).await;
        Ok(())
    }

    async fn all_ready(&mut self) -> Result<(), Error> {
        while self.order.len() < self.members.len() {
            self.next_event().await?;
        }
        Ok(())
    }

    /// The start has taken too long: blames the services that are not ready.
    fn late(&self) -> Error {
        let late = self.members.iter().enumerate().filter(|(index, _)| !self.order.contains(index));
        let names: Vec<_> = late.map(|(_, member)| &*member.name).collect();
        let bound = self.bounds.start;
        Error::start(&names.join("`, `"), format!("it was not ready within {bound:?}").into())
    }

    /// The address the named service listens on; the first one, when there are several. A Unix socket has a
    /// [`path`](Running::path) instead.
    #[must_use]
    pub fn address(&self, service: &str) -> Option<SocketAddr> {
        self.addresses(service).iter().find_map(Address::ip)
    }

    /// The path of the Unix socket the named service listens on; the first one, when there are several.
    #[must_use]
    pub fn path(&self, service: &str) -> Option<PathBuf> {
        self.addresses(service).iter().find_map(Address::path).map(Path::to_owned)
    }

    /// All that the named service listens on, in the order in which it told.
    #[must_use]
    pub fn addresses(&self, service: &str) -> Vec<Address> {
        let member = self.members.iter().find(|member| &*member.name == service);
        member.map(|member| member.cx.addresses()).unwrap_or_default()
    }

    /// The names of the services, in the order in which they became ready.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(|&index| &*self.members[index].name)
    }

    /// The states and the health of the services, to be kept and asked at any time.
    #[must_use]
    pub fn overview(&self) -> &Services {
        &self.services
    }

    /// Loads the settings again and tells the services to read theirs anew, as SIGHUP does.
    pub fn reload(&self) {
        self.reload.run();
    }

    /// Waits until a service fails whose failure is to end the process, and gives its error; for ever
    /// when none does.
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

    /// Takes one event in; an error when it is bad news for the whole process.
    pub(super) async fn next_event(&mut self) -> Result<(), Error> {
        let Some((index, event)) = self.events.recv().await else { return Ok(()) };
        let member = &mut self.members[index];
        match event {
            Event::Ready => {
                tracing::debug!(service = &*member.name, "ready");
                self.order.push(index);
                Ok(())
            }
            Event::Ended(result) => {
                member.ended = true;
                let was_ready = self.order.contains(&index);
                member.judge(was_ready, result.unwrap_or(Ok(())))
            }
            Event::Idle => Ok(()),
            Event::Stopped(result) => {
                member.stopped = true;
                result.map_err(|source| Error::failed(&member.name, source))
            }
        }
    }
}

impl Member {
    /// Whether the end of `start` is bad news for the whole process.
    fn judge(&self, was_ready: bool, ended: Result<(), BoxError>) -> Result<(), Error> {
        match ended {
            Ok(()) => Ok(()),
            Err(source) if !was_ready => Err(Error::start(&self.name, source)),
            Err(source) if self.on_failure == OnFailure::Degrade => {
                tracing::error!(service = &*self.name, error = %source, "failed for good; the process lives on without it");
                Ok(())
            }
            Err(source) => Err(Error::failed(&self.name, source)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for member in &self.members {
            for work in member.cx.unfinished() {
                if let Work::Task(task) = work {
                    task.cancel();
                }
            }
            member.task.abort();
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("name", &self.name)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
