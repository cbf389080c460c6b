use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

/// The path of a Unix socket, removed on drop unless something else stands there by then.
#[derive(Debug)]
pub(super) struct UnixPath {
    path: PathBuf,
    /// Device and inode of the socket: what stands at the path may be another's.
    file: Option<(u64, u64)>,
}

impl UnixPath {
    /// Of a socket that is bound there.
    pub(super) fn of(path: &Path) -> Self {
        UnixPath { path: path.to_owned(), file: identity(path).ok() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the path to the process that listens there now.
    pub(super) fn leave(&mut self) {
        self.file = None;
    }
}

impl Drop for UnixPath {
    fn drop(&mut self) {
        if self.file.is_some()
            && identity(&self.path).ok() == self.file
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove the socket");
        }
    }
}

/// Binds a socket to a path and listens; blocks for a moment.
///
/// A socket that nobody listens on is in the way no longer than that; one that is listened on, and what
/// is no socket, stays. The permissions hold before the first connection can be made.
pub(super) fn listen(path: &Path, mode: Option<u32>, backlog: u32) -> io::Result<(UnixListener, UnixPath)> {
    // Held until the socket listens: of two processes that find a stale one, only one removes it.
    let _lock = lock(path)?;
    clear(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let bound = UnixPath::of(path);
    if let Some(mode) = mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok((socket.into(), bound))
}

/// Locks the folder that the path is in, which leaves no file behind.
///
/// Not for long: whoever holds the lock for longer is not about to listen, but could hold up every
/// start if it were waited for. Who may not read the folder, which is what takes a lock, does without.
#[expect(clippy::disallowed_methods, reason = "it runs on a thread for work that blocks")]
fn lock(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = match File::open(folder.unwrap_or(Path::new("."))) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
        opened => opened?,
    };
    for _ in 0..30 {
        match folder.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Some(folder))
}

/// Removes what a server that was killed has left.
fn clear(path: &Path) -> io::Result<()> {
    let taken = |text| Err(io::Error::new(io::ErrorKind::AddrInUse, text));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return taken("there is something else than a socket");
        }
        Ok(_) => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Not to wait where a server is too busy to accept.
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => taken("another server listens there"),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => taken("another server listens there"),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
