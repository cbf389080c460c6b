use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Inherited;

/// Every socket that this process listens on. Locked for a push or a walk.
static OPEN: Mutex<Vec<Weak<Held>>> = Mutex::new(Vec::new());

/// A socket that this process listens on, and whose it is. The listener owns it; [`OPEN`] does not.
pub(in crate::net) struct Held {
    service: String,
    address: String,
    socket: Arc<dyn AsFd + Send + Sync>,
    /// Another process listens on it too, and keeps it when this one ends.
    handed_over: Arc<AtomicBool>,
}

impl Held {
    pub(in crate::net) fn new(
        service: &str,
        address: &str,
        socket: Arc<dyn AsFd + Send + Sync>,
    ) -> Arc<Self> {
        let held = Held {
            service: service.to_owned(),
            address: address.to_owned(),
            socket,
            handed_over: Arc::default(),
        };
        let held = Arc::new(held);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|held| held.strong_count() > 0);
        open.push(Arc::downgrade(&held));
        held
    }

    pub(in crate::net) fn is_handed_over(&self) -> bool {
        self.handed_over.load(Ordering::Acquire)
    }

    pub(super) fn all() -> Vec<Arc<Held>> {
        let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().filter_map(Weak::upgrade).collect()
    }

    /// A second descriptor of the socket, for another process.
    pub(super) fn copy(&self) -> io::Result<(Inherited, Arc<AtomicBool>)> {
        let socket: OwnedFd = self.socket.as_fd().try_clone_to_owned()?;
        let inherited = Inherited::new(&self.service, socket).address(&self.address);
        Ok((inherited, Arc::clone(&self.handed_over)))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("service", &self.service)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
