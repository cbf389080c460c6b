use std::io;
use std::time::Duration;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

use super::{Phase, Signal};
use crate::entrypoint::reload::Reload;

/// Catches what Windows has for signals, for as long as the process runs.
///
/// A reload, a list of tasks and a successor cannot be asked for: nothing there could ask.
pub(crate) struct Signals {
    interrupt: CtrlC,
    terminate: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    pub(crate) fn catch(_: Duration) -> io::Result<Self> {
        Ok(Signals {
            interrupt: ctrl_c()?,
            terminate: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Waits for a signal that ends the process: Ctrl-C, Ctrl-Break, a console that is closed, a machine
    /// that is shut down. After the last two the system gives the process some seconds.
    pub(crate) async fn ending(&mut self, _: &Reload, _: Phase) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.close.recv() => Signal::Terminate,
            _ = self.shutdown.recv() => Signal::Terminate,
        }
    }
}
