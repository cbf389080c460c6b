//! Sockets for messages to this process, with a name that nobody guesses.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// A socket, and the name under which another process finds it.
///
/// On Linux it lies in the abstract name space: no file, and gone with its last descriptor. Elsewhere it is
/// a file in the folder for temporary files, removed on drop.
#[derive(Debug)]
pub(crate) struct NamedSocket {
    name: String,
    socket: tokio::net::UnixDatagram,
}

impl NamedSocket {
    pub(crate) fn bind(purpose: &str) -> io::Result<Self> {
        // The state is seeded by the system at random.
        let number = RandomState::new().hash_one(std::process::id());
        let name = name(&format!("mainspring-{purpose}-{}-{number:016x}", std::process::id()));
        let socket = UnixDatagram::bind_addr(&address(&name)?)?;
        socket.set_nonblocking(true)?;
        Ok(NamedSocket { name, socket: tokio::net::UnixDatagram::from_std(socket)? })
    }

    /// As `NOTIFY_SOCKET` has it: `@…`, or a path.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Reads a message; what is longer than the buffer is cut off.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn recv(&self, message: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(message).await
    }
}

/// Sends a message to the socket of a name.
pub(crate) fn send(name: &str, message: &[u8]) -> io::Result<()> {
    UnixDatagram::unbound()?.send_to_addr(message, &address(name)?).map(drop)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn name(word: &str) -> String {
    format!("@{word}")
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn name(word: &str) -> String {
    std::env::temp_dir().join(word).to_string_lossy().into_owned()
}

#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;

#[cfg(target_os = "android")]
use std::os::android::net::SocketAddrExt;

fn address(name: &str) -> io::Result<SocketAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = name.strip_prefix('@') {
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Drop for NamedSocket {
    fn drop(&mut self) {
        // Whoever clears the folder may have been quicker.
        let _ = std::fs::remove_file(&self.name);
    }
}
