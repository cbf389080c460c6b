use std::os::fd::OwnedFd;

use listenfd::ListenFd;

use super::{Inherited, adopt};
use crate::Result;

/// Puts the sockets that systemd has passed (`LISTEN_FDS`) into the table, and says how many.
///
/// Each is for the service after which `LISTEN_FDNAMES` names it. Call it once, before there are other
/// threads; the variables are taken out of the environment.
///
/// # Errors
///
/// When a descriptor is no socket, or of a kind that no service listens on; the error tells which.
pub fn adopt_environment() -> Result<usize> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the entrypoint calls this; the names belong to the descriptors that come with them"
    )]
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut passed = ListenFd::from_env();
    let count = passed.len();
    let mut names = names.split(':');
    for index in 0..count {
        let name = names.next().filter(|name| !name.is_empty()).unwrap_or("unknown");
        let socket = socket(&mut passed, index).ok_or_else(|| {
            format!("what was passed as `{name}` (number {index}) is no socket to listen on")
        })?;
        adopt(Inherited::new(name, socket));
    }
    Ok(count)
}

fn socket(passed: &mut ListenFd, index: usize) -> Option<OwnedFd> {
    if let Ok(Some(socket)) = passed.take_tcp_listener(index) {
        return Some(socket.into());
    }
    if let Ok(Some(socket)) = passed.take_unix_listener(index) {
        return Some(socket.into());
    }
    passed.take_udp_socket(index).ok().flatten().map(OwnedFd::from)
}
