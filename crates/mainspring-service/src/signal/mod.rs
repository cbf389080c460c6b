//! The signals a process hears.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;

#[cfg(unix)]
pub(crate) use unix::Signals;
#[cfg(windows)]
pub(crate) use windows::Signals;

/// The SIGHUPs of a process. A clone hears the same ones.
#[derive(Clone, Default)]
pub(crate) struct Hangup {
    heard: Arc<Notify>,
}

impl Hangup {
    pub(crate) fn tell(&self) {
        self.heard.notify_waiters();
    }

    pub(crate) async fn next(&self) {
        self.heard.notified().await;
    }
}

/// A signal that asks the process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    /// Another process has taken over.
    #[cfg(unix)]
    Replaced,
}

impl Signal {
    pub(crate) fn number(self) -> u8 {
        match self {
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
            #[cfg(unix)]
            Signal::Replaced => 12,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt if cfg!(windows) => "Ctrl-C",
            Signal::Terminate if cfg!(windows) => "Ctrl-Break",
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            #[cfg(unix)]
            Signal::Replaced => "SIGUSR2",
        })
    }
}
