use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::BoxError;

/// Why a pool gave no item.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_service::pool::Pool;
///
/// let pool = Pool::builder(|| async { Err::<(), _>("connection refused") }).name("db").build();
/// let error = pool.acquire().await.unwrap_err();
/// assert!(error.is_create());
/// assert_eq!(error.to_string(), "pool `db` could not make an item: connection refused");
/// # }
/// ```
pub struct AcquireError {
    pool: Arc<str>,
    kind: Kind,
}

enum Kind {
    Timeout { limit: Duration, busy: usize, waiting: usize },
    Closed,
    Create(BoxError),
}

impl AcquireError {
    pub(super) fn timeout(pool: &Arc<str>, limit: Duration, busy: usize, waiting: usize) -> Self {
        AcquireError { pool: Arc::clone(pool), kind: Kind::Timeout { limit, busy, waiting } }
    }

    pub(super) fn closed(pool: &Arc<str>) -> Self {
        AcquireError { pool: Arc::clone(pool), kind: Kind::Closed }
    }

    pub(super) fn create(pool: &Arc<str>, error: BoxError) -> Self {
        AcquireError { pool: Arc::clone(pool), kind: Kind::Create(error) }
    }

    /// The acquire time-out was over before an item was there.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, Kind::Timeout { .. })
    }

    /// The pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.kind, Kind::Closed)
    }

    /// The item could not be made.
    #[must_use]
    pub fn is_create(&self) -> bool {
        matches!(self.kind, Kind::Create(_))
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.pool;
        match &self.kind {
            Kind::Timeout { limit, busy, waiting } => write!(
                f,
                "pool `{pool}` gave no item within {limit:?}: {busy} busy, {waiting} others waiting"
            ),
            Kind::Closed => write!(f, "pool `{pool}` is closed"),
            Kind::Create(error) => write!(f, "pool `{pool}` could not make an item: {error}"),
        }
    }
}

impl fmt::Debug for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AcquireError({self})")
    }
}

impl std::error::Error for AcquireError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Create(error) => Some(&**error),
            Kind::Timeout { .. } | Kind::Closed => None,
        }
    }
}

/// Items were not back when the time to close a pool was over. They are destroyed when they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreturned {
    pub(super) pool: Arc<str>,
    pub(super) items: usize,
}

impl Unreturned {
    /// How many items are still borrowed or being destroyed.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }
}

impl fmt::Display for Unreturned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pool `{}` was closed while {} of its items were still alive", self.pool, self.items)
    }
}

impl std::error::Error for Unreturned {}
