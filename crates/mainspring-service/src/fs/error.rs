use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use mainspring_task::blocking::{Job, PoolError};

/// An error of the system with what was tried and where.
#[derive(Debug)]
struct PathError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} `{}`: {}", self.action, self.path.display(), self.source)
    }
}

impl std::error::Error for PathError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Says what was tried and where; the kind stays.
pub(super) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> io::Error {
    move |source| io::Error::new(source.kind(), PathError { action, path: path.to_owned(), source })
}

/// Waits for a job; a pool that refuses it is an error like any other.
pub(super) async fn done<T>(job: Job<io::Result<T>>) -> io::Result<T> {
    job.await.unwrap_or_else(|error| Err(refused(error)))
}

pub(super) fn refused(error: PoolError) -> io::Error {
    io::Error::other(error)
}
