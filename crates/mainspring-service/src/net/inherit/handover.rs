use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Held, Inherited};

/// The sockets of this process, on their way to the one that is to replace it.
///
/// Dropping it before [`commit`](Handover::commit) leaves everything as it was.
#[derive(Debug)]
pub struct Handover {
    sockets: Vec<Inherited>,
    handed_over: Vec<Arc<AtomicBool>>,
}

impl Handover {
    /// A second descriptor of each socket, with the service and the address it belongs to.
    ///
    /// They close when another program is executed; whoever passes them on must say that they do not.
    #[must_use]
    pub fn sockets(&self) -> &[Inherited] {
        &self.sockets
    }

    /// The other process has them and is ready: from here, the paths of Unix sockets are its own.
    pub fn commit(self) {
        for handed_over in self.handed_over {
            handed_over.store(true, Ordering::Release);
        }
    }
}

/// Lists the sockets that this process listens on, those of UDP included.
///
/// # Errors
///
/// When the system has no more file descriptors.
pub fn hand_over() -> io::Result<Handover> {
    let copies: Vec<_> = Held::all().iter().map(|held| held.copy()).collect::<io::Result<_>>()?;
    let (sockets, handed_over) = copies.into_iter().unzip();
    Ok(Handover { sockets, handed_over })
}
