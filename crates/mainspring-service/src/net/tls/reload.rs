use std::time::{Duration, SystemTime};

use mainspring_task::threaded;

use super::ServerTls;
use super::server::Expired;
use crate::Result;

/// Loads a server's certificate, key and client authorities again while it runs.
///
/// Connections that are open stay as they are; the ones that come after it see what is new. When the
/// files cannot be used, what was loaded before stays in use. A clone does the same.
#[derive(Debug, Clone)]
pub struct Reload {
    tls: ServerTls,
}

/// What is seen of a file that was changed: when, and how long it is.
pub(super) type Stamp = Option<(SystemTime, u64)>;

impl Reload {
    pub(super) fn new(tls: ServerTls) -> Self {
        Reload { tls }
    }

    /// Loads the files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or holds nothing of use, the key is of another certificate, or the
    /// certificate has expired; the error names the file. What was loaded before stays in use.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the new files are in use wholly or not at all.
    pub async fn reload(&self) -> Result {
        let tls = self.tls.clone();
        let config = threaded(move || tls.load(Expired::Refuse)).await??;
        self.tls.put(config);
        tracing::info!(certificate = ?self.tls.files().next(), "the certificate was loaded again");
        Ok(())
    }

    /// Looks at the files each period; `known` was seen before they were loaded.
    pub(super) async fn watch(self, mut known: Vec<Stamp>, every: Duration) {
        let mut complained = Vec::new();
        loop {
            tokio::time::sleep(every).await;
            let now = self.stamps().await;
            // A file that is gone is being replaced.
            if now == known || now.iter().any(Option::is_none) {
                continue;
            }
            match self.reload().await {
                Ok(()) => known = now,
                // Tried again: it may have been read while it was written. Told once.
                Err(error) if now != complained => {
                    tracing::error!(%error, "the certificate was not loaded again; the old one stays");
                    complained = now;
                }
                Err(_) => {}
            }
        }
    }

    pub(super) async fn stamps(&self) -> Vec<Stamp> {
        let tls = self.tls.clone();
        let look = move || {
            let stamp = |path| {
                let metadata = std::fs::metadata(path).ok()?;
                Some((metadata.modified().ok()?, metadata.len()))
            };
            tls.files().map(stamp).collect()
        };
        threaded(look).await.unwrap_or_default()
    }
}
