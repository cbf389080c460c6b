use std::io;
use std::path::Path;

use mainspring_task::blocking;

use super::error::{at, done};

/// Reads a whole file.
///
/// # Errors
///
/// When the system refuses; the error names the path.
///
/// # Cancel safety
///
/// Cancel safe.
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    let job = blocking::Builder::new().name("read");
    done(job.run(move || std::fs::read(&path).map_err(at("read", &path)))).await
}

/// Reads a whole file as text.
///
/// # Errors
///
/// When the system refuses, and when it is no UTF-8; the error names the path.
///
/// # Cancel safety
///
/// Cancel safe.
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    let job = blocking::Builder::new().name("read");
    done(job.run(move || std::fs::read_to_string(&path).map_err(at("read", &path)))).await
}

/// Writes a whole file; what was there is gone. See [`write_atomic`](super::write_atomic) for one
/// that others read.
///
/// # Errors
///
/// When the system refuses; the error names the path.
///
/// # Cancel safety
///
/// A write that has begun is done to its end.
pub async fn write(path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
    let (path, bytes) = (path.as_ref().to_owned(), bytes.into());
    let job = blocking::Builder::new().name("write");
    done(job.run(move || std::fs::write(&path, &bytes).map_err(at("write", &path)))).await
}
