//! Another process of the same program that takes over the listening sockets of this one.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::named_socket::{self, NamedSocket};
use crate::net::inherit::{Handover, hand_over};
use crate::{BoxError, Result};

/// Names the socket on which the successor says that it is ready.
const READY: &str = "MAINSPRING_READY";
/// The first descriptor that is passed, as systemd passes its own.
const FIRST: i32 = 3;

/// Starts the program anew, with the sockets, and waits until it is ready. Gives its process id.
///
/// Until then this process goes on as it was; when the other does not become ready, it is killed.
pub(crate) async fn start(within: Duration) -> Result<u32> {
    let handover = hand_over()?;
    let ready = NamedSocket::bind("ready")?;
    let mut successor = Successor(Some(command(&handover, ready.name())?.spawn()?));
    let child = successor.0.as_mut().expect("it has just been put there");
    let pid = child.id().ok_or("the successor ended at once")?;
    tracing::info!(pid, "SIGUSR2: waiting for the successor to be ready");
    let told = timeout(within, async {
        tokio::select! {
            told = told_by(&ready, pid) => told.map_err(BoxError::from),
            ended = child.wait() => Err(format!("the successor has ended: {}", ended?).into()),
        }
    });
    told.await.unwrap_or_else(|_| Err(format!("the successor was not ready within {within:?}").into()))?;
    successor.0 = None;
    handover.commit();
    Ok(pid)
}

/// Waits until the process of this id says that it is ready. What it has started itself may have inherited the name
/// of the socket, and does not count.
async fn told_by(ready: &NamedSocket, pid: u32) -> io::Result<()> {
    let expected = message(pid);
    let mut heard = [0; 32];
    loop {
        let length = ready.recv(&mut heard).await?;
        if heard[..length] == *expected.as_bytes() {
            return Ok(());
        }
    }
}

fn message(pid: u32) -> String {
    format!("READY=1 {pid}")
}

/// To be called when this process is ready: who waits for it to take over is told.
#[expect(clippy::disallowed_methods, reason = "the entrypoint reads what the process before it has left")]
pub(super) fn ready() {
    let Ok(name) = std::env::var(READY) else { return };
    if let Err(error) = named_socket::send(&name, message(std::process::id()).as_bytes()) {
        // It may have given up waiting, or be gone; this process runs all the same.
        tracing::warn!(%error, "the process before this one could not be told that this is ready");
    }
}

/// The command this process was started with, from the path it was started from: there may be a newer
/// program there by now.
fn command(handover: &Handover, ready: &str) -> Result<Command> {
    let mut arguments = std::env::args_os();
    let program = match arguments.next() {
        Some(program) => program,
        None => std::env::current_exe()?.into(),
    };
    let sockets = handover.sockets();
    let fds: Vec<OwnedFd> =
        sockets.iter().map(|socket| socket.socket.try_clone()).collect::<io::Result<_>>()?;
    let names: Vec<_> = sockets.iter().map(|socket| socket.service.replace(':', "-")).collect();
    let mapping = |(parent_fd, child_fd)| FdMapping { parent_fd, child_fd };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LISTEN_FDS", fds.len().to_string())
        .env("LISTEN_FDNAMES", names.join(":"))
        .env_remove("LISTEN_PID")
        // It names this process, and the watchdog is to beat in the other.
        .env_remove("WATCHDOG_PID")
        .env(READY, ready)
        .fd_mappings(fds.into_iter().zip(FIRST..).map(mapping).collect())?;
    Ok(command)
}

/// A process that is killed unless it is let go.
struct Successor(Option<Child>);

impl Drop for Successor {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0
            && let Err(error) = child.start_kill()
        {
            tracing::debug!(%error, "the successor could not be killed: it has ended");
        }
    }
}
