use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a server listens.
///
/// Shown as `127.0.0.1:80`, or as `unix:` and the path.
///
/// ```
/// use std::net::SocketAddr;
/// use mainspring_service::net::Address;
///
/// let address = Address::from(SocketAddr::from(([127, 0, 0, 1], 80)));
/// assert_eq!(address.to_string(), "127.0.0.1:80");
/// assert_eq!(Address::Unix("/run/demo.sock".into()).to_string(), "unix:/run/demo.sock");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// Of an IP socket: an address and a port.
    Ip(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Address {
    /// The address and port; `None` of a Unix socket.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Address::Ip(address) => Some(*address),
            Address::Unix(_) => None,
        }
    }

    /// The path; `None` unless it is of a Unix socket.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Ip(_) => None,
            Address::Unix(path) => Some(path),
        }
    }

    /// The address as a URL of a scheme, such as `tcp://127.0.0.1:80` or `tcp+unix:///run/demo.sock`.
    #[must_use]
    pub fn url(&self, scheme: &str) -> String {
        match self {
            Address::Ip(address) => format!("{scheme}://{address}"),
            Address::Unix(path) => format!("{scheme}+unix://{}", path.display()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Address::Ip(address)
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Address::Unix(path)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Address::Unix(path.to_owned())
    }
}
