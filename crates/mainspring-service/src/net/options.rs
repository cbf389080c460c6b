use std::panic::Location;

/// How a listener treats its connections.
///
/// ```
/// let options = mainspring_service::net::Options::new().connections(1_000);
/// assert_eq!(options.backlog, 1024);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Connections the kernel holds that have not been accepted. Default: 1024.
    pub backlog: u32,
    /// Connections served at once; further ones wait in the backlog. Default: 65,536.
    pub connections: usize,
    /// Small writes are sent at once (`TCP_NODELAY`). Default: true.
    pub nodelay: bool,
    /// The place shown as the one that spawned the connections' tasks: where the server was made.
    pub place: &'static Location<'static>,
}

impl Options {
    /// The defaults, with the caller's place.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Options { backlog: 1024, connections: 65_536, nodelay: true, place: Location::caller() }
    }

    /// Sets [`backlog`](Options::backlog).
    #[must_use]
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.backlog = backlog;
        self
    }

    /// Sets [`connections`](Options::connections); at least one.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Sets [`nodelay`](Options::nodelay).
    #[must_use]
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }
}
