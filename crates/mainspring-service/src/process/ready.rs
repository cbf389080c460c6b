use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};
use tokio::time::{sleep, timeout};

use super::notify::Notify;
use super::output::{Output, Predicate};

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(20);

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(1);

/// When a child process is ready.
///
/// ```
/// use mainspring_service::process::Ready;
///
/// let ready = Ready::line("Ready to accept connections");
/// assert_eq!(format!("{ready:?}"), "Ready(write a line with `Ready to accept connections`)");
/// ```
#[derive(Clone)]
pub struct Ready {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    AtOnce,
    Line { what: String, wanted: Predicate },
    Tcp(String),
    Unix(PathBuf),
    Notify,
}

impl Ready {
    /// As soon as it runs.
    #[must_use]
    pub fn at_once() -> Self {
        Ready { kind: Kind::AtOnce }
    }

    /// When it has written a line with this text, on either of its streams.
    #[must_use]
    pub fn line(text: impl Into<String>) -> Self {
        let text = text.into();
        let what = format!("write a line with `{text}`");
        let wanted: Predicate = Arc::new(move |line| line.contains(&text));
        Ready { kind: Kind::Line { what, wanted } }
    }

    /// When it has written a line that satisfies `accept`, on either of its streams.
    #[must_use]
    pub fn line_where(accept: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Ready { kind: Kind::Line { what: "write a certain line".to_owned(), wanted: Arc::new(accept) } }
    }

    /// When it accepts a connection at an address such as `127.0.0.1:6379`.
    ///
    /// It sees one connection that is closed at once, or several. An address where another process
    /// listens already is taken for the child's.
    #[must_use]
    pub fn tcp(address: impl Into<String>) -> Self {
        Ready { kind: Kind::Tcp(address.into()) }
    }

    /// When it accepts a connection at the path of a Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Ready { kind: Kind::Unix(path.into()) }
    }

    /// When it says `READY=1` at its `NOTIFY_SOCKET`, as a systemd service of type `notify` does.
    ///
    /// On Linux the socket has an abstract address (`@…`), which is not seen from another network namespace.
    #[must_use]
    pub fn notify() -> Self {
        Ready { kind: Kind::Notify }
    }

    pub(super) fn predicate(&self) -> Option<Predicate> {
        match &self.kind {
            Kind::Line { wanted, .. } => Some(Arc::clone(wanted)),
            _ => None,
        }
    }

    pub(super) fn needs_notify(&self) -> bool {
        matches!(self.kind, Kind::Notify)
    }

    pub(super) async fn reached(&self, output: &Output, notify: Option<&Notify>) {
        match &self.kind {
            Kind::AtOnce => {}
            Kind::Line { .. } => output.found().await,
            Kind::Tcp(address) => until_open(|| TcpStream::connect(address)).await,
            Kind::Unix(path) => until_open(|| UnixStream::connect(path)).await,
            Kind::Notify => match notify {
                Some(notify) => notify.ready().await,
                None => std::future::pending().await,
            },
        }
    }
}

async fn until_open<S, F: Future<Output = std::io::Result<S>>>(connect: impl Fn() -> F) {
    while !matches!(timeout(ATTEMPT, connect()).await, Ok(Ok(_))) {
        sleep(PAUSE).await;
    }
}

/// What the child is to do.
impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::AtOnce => f.write_str("run"),
            Kind::Line { what, .. } => f.write_str(what),
            Kind::Tcp(address) => write!(f, "accept connections at {address}"),
            Kind::Unix(path) => write!(f, "accept connections at {}", path.display()),
            Kind::Notify => f.write_str("say `READY=1` at its `NOTIFY_SOCKET`"),
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready({self})")
    }
}
