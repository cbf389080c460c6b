use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::tasks::Tasks;
use super::{Check, Policy, Status};
use crate::Result;
use crate::net::Address;

/// All services of one process: their states, their health, what they give each other.
///
/// A clone is the same. Services find it by [`Context::services`](crate::Context::services), tests by
/// [`Running::overview`](crate::Running::overview).
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    listings: Vec<Listing>,
    /// Locked for look-ups and insertions only.
    board: Mutex<Board>,
    /// Something was provided, became ready, or ended: who waits looks again.
    changed: Notify,
    /// How long a requirement may wait.
    pub(super) patience: Duration,
}

/// What is known of one service.
pub(crate) struct Listing {
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) restarts: AtomicU32,
    pub(crate) addresses: Mutex<Vec<Address>>,
    checks: Mutex<Vec<(Arc<str>, HealthCheck)>>,
    /// What it has spawned. Not owned: those who wait for it to empty lead back here.
    tasks: OnceLock<[Weak<Tasks>; 2]>,
}

type HealthCheck = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result> + Send>> + Send + Sync>;

/// What services give each other.
#[derive(Default)]
pub(super) struct Board {
    pub(super) provided: HashMap<Key, Provided>,
    /// Who waits for what: by service.
    pub(super) waiting: Vec<(usize, Need)>,
    /// Services whose `start` is over: they provide nothing more.
    pub(super) ended: Vec<usize>,
    /// Who has needed whom: stopped before that one.
    pub(super) needed: Vec<(usize, usize)>,
    closed: bool,
    /// It has been told that those who wait may wait for each other.
    pub(super) suspected: bool,
}

impl Board {
    /// Puts down that one service has needed another, once.
    pub(super) fn need(&mut self, who: usize, whom: usize) {
        if !self.needed.contains(&(who, whom)) {
            self.needed.push((who, whom));
        }
    }
}

pub(super) struct Provided {
    pub(super) value: Arc<dyn Any + Send + Sync>,
    pub(super) by: usize,
}

/// A type, and a name where there are several values of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: TypeId,
    pub(super) name: Option<Arc<str>>,
}

/// What a service waits for, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) what: String,
    pub(super) place: Option<&'static Location<'static>>,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.place.map_or(Ok(()), |place| write!(f, " (at {place})"))
    }
}

/// What is known of one service at one moment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing.
    pub status: Status,
    /// How often it has been started again.
    pub restarts: u32,
    /// Where it listens.
    pub addresses: Vec<Address>,
    /// The process is ready without it.
    pub optional: bool,
}

impl Listing {
    pub(crate) fn new(name: Arc<str>, policy: Policy) -> Self {
        Listing {
            name,
            policy,
            status: watch::Sender::default(),
            restarts: AtomicU32::new(0),
            addresses: Mutex::default(),
            checks: Mutex::default(),
            tasks: OnceLock::new(),
        }
    }

    fn info(&self) -> ServiceInfo {
        ServiceInfo {
            name: self.name.clone(),
            status: self.status.borrow().clone(),
            restarts: self.restarts.load(Ordering::Relaxed),
            addresses: self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            optional: self.policy.optional,
        }
    }
}

impl Services {
    pub(crate) fn new(listings: Vec<Listing>, patience: Duration) -> Self {
        Services {
            inner: Arc::new(Inner { listings, board: Mutex::default(), changed: Notify::new(), patience }),
        }
    }

    /// What is known of each service, in the order in which they were added.
    #[must_use]
    pub fn list(&self) -> Vec<ServiceInfo> {
        self.inner.listings.iter().map(Listing::info).collect()
    }

    /// What the named service is doing; `None` when there is none of that name.
    #[must_use]
    pub fn status(&self, service: &str) -> Option<Status> {
        self.find(service).map(|index| self.listing(index).status.borrow().clone())
    }

    /// Follows the state of the named service; `None` when there is none of that name.
    #[must_use]
    pub fn watch(&self, service: &str) -> Option<watch::Receiver<Status>> {
        self.find(service).map(|index| self.listing(index).status.subscribe())
    }

    /// Every service that is not optional is ready: the process does its work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let mut required = self.inner.listings.iter().filter(|listing| !listing.policy.optional);
        !self.board().closed && required.all(|listing| listing.status.borrow().is_ready())
    }

    /// The process is on its way down: not ready, whatever the services are.
    pub(crate) fn close(&self) {
        self.board().closed = true;
    }

    /// Asks every registered health check, one after the other.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as far as the checks are.
    pub async fn check(&self) -> Vec<Check> {
        let mut outcomes = Vec::new();
        for listing in &self.inner.listings {
            let checks = listing.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for (name, check) in checks {
                let problem = check().await.err().map(|error| error.to_string());
                outcomes.push(Check { service: listing.name.clone(), name, problem });
            }
        }
        outcomes
    }

    pub(super) fn register(&self, index: usize, name: Arc<str>, check: HealthCheck) {
        self.listing(index).checks.lock().unwrap_or_else(PoisonError::into_inner).push((name, check));
    }

    pub(crate) fn listing(&self, index: usize) -> &Listing {
        &self.inner.listings[index]
    }

    pub(crate) fn set(&self, index: usize, status: Status) {
        self.listing(index).status.send_replace(status);
        self.inner.changed.notify_waiters();
    }

    /// The `start` of a service is over.
    pub(crate) fn ended(&self, index: usize) {
        self.board().ended.push(index);
        self.inner.changed.notify_waiters();
    }

    /// Which tasks are the service's.
    pub(super) fn has_tasks(&self, index: usize, tasks: [&Arc<Tasks>; 2]) {
        // A service has one context, and this is called when it is made.
        let _ = self.listing(index).tasks.set(tasks.map(Arc::downgrade));
    }

    /// None of the tasks that the service has spawned is left.
    pub(super) fn is_idle(&self, index: usize) -> bool {
        let tasks = self.listing(index).tasks.get().into_iter().flatten();
        tasks.filter_map(Weak::upgrade).all(|tasks| tasks.is_empty())
    }

    /// A service has become idle: who waits for what it could have provided looks again.
    pub(super) fn emptied(&self) {
        self.changed().notify_waiters();
    }

    /// Who has needed whom so far.
    pub(crate) fn needed(&self) -> Vec<(usize, usize)> {
        self.board().needed.clone()
    }

    pub(super) fn find(&self, service: &str) -> Option<usize> {
        self.inner.listings.iter().position(|listing| *listing.name == *service)
    }

    pub(super) fn len(&self) -> usize {
        self.inner.listings.len()
    }

    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.inner.listings.iter().map(|listing| format!("`{}`", listing.name)).collect();
        names.join(", ")
    }

    pub(super) fn patience(&self) -> Duration {
        self.inner.patience
    }

    pub(super) fn changed(&self) -> &Notify {
        &self.inner.changed
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.inner.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}
