//! The signals a process hears.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

#[cfg(unix)]
pub(crate) use unix::Signals;
#[cfg(windows)]
pub(crate) use windows::Signals;

/// The SIGHUPs of a process, as one listener hears them. A clone listens on from the same place by itself.
pub(crate) struct Hangup {
    /// How many there were.
    told: watch::Sender<u64>,
    /// How many of them this listener was told.
    heard: AtomicU64,
}

impl Hangup {
    pub(crate) fn tell(&self) {
        self.told.send_modify(|told| *told += 1);
    }

    /// Lets go what there was so far.
    pub(crate) fn catch_up(&self) {
        self.heard.store(*self.told.borrow(), Ordering::Release);
    }

    /// Waits for one that this listener has not been told.
    pub(crate) async fn next(&self) {
        let mut told = self.told.subscribe();
        let is_new = |told: &u64| *told > self.heard.load(Ordering::Acquire);
        // Fails only when the sender is gone, which is here.
        if let Ok(told) = told.wait_for(is_new).await {
            self.heard.store(*told, Ordering::Release);
        }
    }
}

impl Default for Hangup {
    fn default() -> Self {
        Hangup { told: watch::Sender::new(0), heard: AtomicU64::new(0) }
    }
}

impl Clone for Hangup {
    fn clone(&self) -> Self {
        Hangup { told: self.told.clone(), heard: AtomicU64::new(self.heard.load(Ordering::Acquire)) }
    }
}

/// Where a process is when it hears a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Starting,
    Ready,
    Stopping,
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
