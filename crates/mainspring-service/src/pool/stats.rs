/// What a pool has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) acquired: u64,
    pub(super) created: u64,
    pub(super) create_failures: u64,
    pub(super) check_failures: u64,
    pub(super) expired: u64,
    pub(super) destroyed: u64,
    pub(super) timeouts: u64,
}

/// The figures of one pool at one moment; made by [`Pool::stats`](super::Pool::stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Items there are, with those that are being made or destroyed.
    pub alive: usize,
    /// Items that wait to be borrowed.
    pub idle: usize,
    /// Items that are borrowed, being made or being destroyed.
    pub busy: usize,
    /// Callers that wait for a seat.
    pub waiting: usize,
    /// Items handed out so far.
    pub acquired: u64,
    /// Items made so far.
    pub created: u64,
    /// Items that could not be made so far.
    pub create_failures: u64,
    /// Items that did not pass their check so far.
    pub check_failures: u64,
    /// Items that were idle for too long or too old so far.
    pub expired: u64,
    /// Items destroyed so far.
    pub destroyed: u64,
    /// Callers that gave up at the acquire time-out so far.
    pub timeouts: u64,
}
