use std::sync::Arc;

use mainspring_task::{Shared, Task, task};

use super::ChildError;
use crate::named_socket::NamedSocket;

/// The longest message that is read; the protocol's own messages are far shorter.
const LONGEST: usize = 4096;

/// The socket that a child is told of as `NOTIFY_SOCKET`, and what it has said there.
///
/// Read for as long as the child lives: a full socket would block it.
#[derive(Debug)]
pub(super) struct Notify {
    address: String,
    ready: Shared<bool>,
    reader: Task<()>,
}

impl Notify {
    pub(super) fn listen(service: &str, child: &Arc<str>) -> Result<Self, ChildError> {
        let socket =
            NamedSocket::bind("notify").map_err(|error| ChildError::setup("a notify socket", error))?;
        let address = socket.name().to_owned();
        let ready = Shared::new(false);
        let builder = task::Builder::new().name(format!("{child} notify")).service(service);
        let reader = builder.spawn(read(socket, Arc::clone(child), ready.clone()));
        Ok(Notify { address, ready, reader })
    }

    /// What `NOTIFY_SOCKET` is to be.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn ready(&self) {
        self.ready.until(|ready| *ready).await;
    }
}

impl Drop for Notify {
    fn drop(&mut self) {
        self.reader.cancel();
    }
}

async fn read(socket: NamedSocket, child: Arc<str>, ready: Shared<bool>) {
    let mut message = vec![0; LONGEST];
    while let Ok(count) = socket.recv(&mut message).await {
        for line in String::from_utf8_lossy(&message[..count]).lines() {
            match line.split_once('=') {
                Some(("READY", "1")) => ready.set(true),
                Some(("STATUS", status)) => tracing::info!(child = &*child, status, "the child's state"),
                _ => {}
            }
        }
    }
}
