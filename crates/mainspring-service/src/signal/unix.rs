use std::io;
use std::time::Duration;

use mainspring_task::inspect;
use tokio::signal::unix::{self, SignalKind};

use super::{Phase, Signal};
use crate::entrypoint::reload::Reload;
use crate::entrypoint::{manager, successor};

/// Catches the signals for as long as the process runs.
pub(crate) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
    dump: unix::Signal,
    replace: unix::Signal,
    /// How long a successor may take to become ready.
    within: Duration,
}

impl Signals {
    pub(crate) fn catch(within: Duration) -> io::Result<Self> {
        Ok(Signals {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hangup: unix::signal(SignalKind::hangup())?,
            dump: unix::signal(SignalKind::user_defined1())?,
            replace: unix::signal(SignalKind::user_defined2())?,
            within,
        })
    }

    /// Waits for a signal that ends the process. The others are seen to meanwhile: SIGHUP tells those
    /// who read their settings anew, SIGUSR1 writes a list of all tasks to the log.
    ///
    /// Only a process that is ready is replaced, and only then has its service manager to hear that it is so again.
    pub(crate) async fn ending(&mut self, reload: &Reload, phase: Phase) -> Signal {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Signal::Interrupt,
                _ = self.terminate.recv() => return Signal::Terminate,
                _ = self.replace.recv() => {
                    if phase != Phase::Ready {
                        tracing::warn!(?phase, "SIGUSR2 is ignored: only a process that is ready is replaced");
                    } else if let Some(signal) = self.replaced().await {
                        return signal;
                    }
                }
                _ = self.hangup.recv() => {
                    tracing::info!("SIGHUP: reading the settings anew");
                    if phase == Phase::Ready {
                        manager::reloading();
                    }
                    reload.run();
                    if phase == Phase::Ready {
                        manager::reloaded();
                    }
                }
                _ = self.dump.recv() => {
                    for line in inspect::dump_with_places().await.to_string().lines() {
                        tracing::info!("SIGUSR1: {line}");
                    }
                }
            }
        }
    }

    /// Lets another process take over; `None` when it did not, and this one goes on.
    async fn replaced(&mut self) -> Option<Signal> {
        tokio::select! {
            started = successor::start(self.within) => match started {
                Ok(pid) => {
                    tracing::info!(pid, "the successor is ready and takes over");
                    manager::replaced_by(pid);
                    Some(Signal::Replaced)
                }
                Err(error) => {
                    tracing::error!(%error, "no successor has taken over; this process goes on");
                    None
                }
            },
            _ = self.interrupt.recv() => Some(Signal::Interrupt),
            _ = self.terminate.recv() => Some(Signal::Terminate),
        }
    }
}
