use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use socket2::{SockAddr, Socket, Type};

/// Sockets that nobody has taken yet. Locked for a push or a walk.
static TABLE: Mutex<Vec<Inherited>> = Mutex::new(Vec::new());

/// A socket of another process, and whose it is.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inherited {
    /// The service that it is for.
    pub service: String,
    /// The address as that service was given it, such as `127.0.0.1:0`: then only a service that is given
    /// the same takes it. `None` leaves the choice of the address to whoever made the socket.
    pub address: Option<String>,
    /// The socket, which is bound.
    pub socket: OwnedFd,
}

impl Inherited {
    /// A socket for a service, whatever address the service was given.
    ///
    /// A service of another name takes it too, when it was given the very address it is bound to.
    pub fn new(service: impl Into<String>, socket: OwnedFd) -> Self {
        Inherited { service: service.into(), address: None, socket }
    }

    /// Keeps it for a service that was given this address.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

/// Puts a socket into the table.
///
/// ```
/// use std::net::TcpListener;
/// use mainspring_service::{Entrypoint, net::{Connection, TcpServer, inherit}};
///
/// let socket = TcpListener::bind("127.0.0.1:0").unwrap();
/// let address = socket.local_addr().unwrap();
/// inherit::adopt(inherit::Inherited::new("greeter", socket.into()));
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let greeter = TcpServer::bind("127.0.0.1:0", |_: Connection| async {}).name("greeter");
/// let running = Entrypoint::new("demo").service(greeter).start().await.unwrap();
/// assert_eq!(running.address("greeter"), Some(address));
/// # running.stop().await.unwrap();
/// # });
/// ```
pub fn adopt(socket: Inherited) {
    table().push(socket);
}

/// Takes out what no service has taken: to be named in the log, and closed by being dropped.
///
/// Call it once the services have started.
#[must_use]
pub fn leftover() -> Vec<Inherited> {
    std::mem::take(&mut table())
}

/// What a service looks for in the table.
pub(in crate::net) struct Wanted<'a> {
    pub(in crate::net) service: &'a str,
    pub(in crate::net) address: &'a str,
    pub(in crate::net) kind: Type,
    pub(in crate::net) bound: Bound<'a>,
}

/// What the address means.
pub(in crate::net) enum Bound<'a> {
    Ip(&'a [SocketAddr]),
    Path(&'a Path),
}

/// Takes a socket that is for the service.
pub(in crate::net) fn take(wanted: &Wanted<'_>) -> Option<Socket> {
    let mut table = table();
    let mut best: Option<(u8, usize)> = None;
    for (index, inherited) in table.iter().enumerate() {
        let fit = wanted.fit(inherited);
        if fit > best.map_or(0, |(fit, _)| fit) {
            best = Some((fit, index));
        }
    }
    let (_, index) = best?;
    Some(table.remove(index).socket.into())
}

impl Wanted<'_> {
    /// How well a socket fits; 0 is not at all.
    fn fit(&self, inherited: &Inherited) -> u8 {
        let socket = socket2::SockRef::from(&inherited.socket);
        let Ok(local) = socket.local_addr() else { return 0 };
        if socket.r#type().ok() != Some(self.kind) || local.is_unix() != self.bound.is_path() {
            return 0;
        }
        let same_service = inherited.service == self.service;
        match &inherited.address {
            Some(address) => u8::from(same_service && address == self.address) * 3,
            None if same_service => 2,
            None => u8::from(self.bound.is(&local)),
        }
    }
}

impl Bound<'_> {
    fn is_path(&self) -> bool {
        matches!(self, Bound::Path(_))
    }

    fn is(&self, local: &SockAddr) -> bool {
        match self {
            Bound::Ip(addresses) => local.as_socket().is_some_and(|local| addresses.contains(&local)),
            Bound::Path(path) => local.as_pathname() == Some(path),
        }
    }
}

fn table() -> MutexGuard<'static, Vec<Inherited>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}
