//! Files on their way from the network to memory or disk.

use std::fs::File;
use std::io::{self, Write};

use bytes::Bytes;
use mainspring_task::threaded;

/// What is written to disk in one trip to the blocking pool.
const BATCH: usize = 256 * 1024;

/// Collects a file: in memory as long as the budget lasts, then on disk.
pub(super) struct Spool<'a> {
    /// Bytes that all files of the form may still keep in memory.
    budget: &'a mut usize,
    /// Copied, as a piece may be a slice of something much larger.
    pending: Vec<u8>,
    file: Option<File>,
    written: u64,
}

/// Where a file ended up.
pub(super) enum Spooled {
    Memory(Bytes),
    /// Without a name in the file system, so that nothing stays behind whatever happens to the process.
    Disk(File, u64),
}

impl<'a> Spool<'a> {
    pub(super) fn new(budget: &'a mut usize) -> Self {
        Self { budget, pending: Vec::new(), file: None, written: 0 }
    }

    pub(super) async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(piece);
        let most = if self.file.is_some() { BATCH } else { *self.budget };
        if self.pending.len() > most { self.write().await } else { Ok(()) }
    }

    pub(super) async fn finish(mut self) -> io::Result<Spooled> {
        if self.file.is_some() {
            self.write().await?;
        }
        if let Some(file) = self.file {
            return Ok(Spooled::Disk(file, self.written));
        }
        *self.budget -= self.pending.len();
        Ok(Spooled::Memory(self.pending.into()))
    }

    async fn write(&mut self) -> io::Result<()> {
        let (file, mut bytes) = (self.file.take(), std::mem::take(&mut self.pending));
        self.written += bytes.len() as u64;
        let write = move || -> io::Result<(File, Vec<u8>)> {
            let mut file = match file {
                Some(file) => file,
                None => tempfile::tempfile()?,
            };
            file.write_all(&bytes)?;
            bytes.clear();
            Ok((file, bytes))
        };
        let (file, bytes) = threaded(write).await.map_err(io::Error::other)??;
        (self.file, self.pending) = (Some(file), bytes);
        Ok(())
    }
}
