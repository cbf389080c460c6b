use std::io::{self, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::backend::Backend;
use super::error::at;

/// A file with what was read ahead and what is to be written.
///
/// Dropped, it writes what it holds, wherever that is: the last resort when no pool took the work.
pub(super) struct Buffers {
    backend: Backend,
    path: Arc<Path>,
    size: usize,
    out: Vec<u8>,
    ahead: Vec<u8>,
    /// How much of `ahead` was taken.
    taken: usize,
    finished: bool,
}

impl Buffers {
    pub(super) fn new(backend: Backend, path: Arc<Path>, size: usize) -> Self {
        Buffers { backend, path, size, out: Vec::new(), ahead: Vec::new(), taken: 0, finished: false }
    }

    /// Takes what there is room for; nothing when the buffer is full.
    pub(super) fn accept(&mut self, bytes: &[u8]) -> usize {
        let room = self.size - self.out.len();
        let accepted = bytes.len().min(room);
        self.out.extend_from_slice(&bytes[..accepted]);
        accepted
    }

    pub(super) fn ahead(&self) -> &[u8] {
        &self.ahead[self.taken..]
    }

    pub(super) fn has_unwritten(&self) -> bool {
        !self.out.is_empty()
    }

    pub(super) fn take(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes).min(self.ahead.len());
    }

    /// Reads ahead, if nothing is left; returns how much there is then.
    pub(super) fn fill(&mut self) -> io::Result<u64> {
        self.write_out()?;
        if self.ahead().is_empty() {
            self.ahead.resize(self.size, 0);
            let read = loop {
                match self.backend.read(&mut self.ahead) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            self.taken = 0;
            self.ahead.truncate(*read.as_ref().unwrap_or(&0));
            read.map_err(at("read", &self.path))?;
        }
        Ok(self.ahead().len() as u64)
    }

    /// Brings what was written to the file.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        self.write_out()?;
        self.backend.flush().map_err(at("write", &self.path))?;
        Ok(0)
    }

    pub(super) fn sync(&mut self) -> io::Result<u64> {
        self.flush()?;
        self.backend.sync().map_err(at("sync", &self.path))?;
        Ok(0)
    }

    pub(super) fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.write_out()?;
        self.forget_ahead()?;
        self.backend.seek(to).map_err(at("seek in", &self.path))
    }

    pub(super) fn set_len(&mut self, bytes: u64) -> io::Result<u64> {
        self.write_out()?;
        self.forget_ahead()?;
        self.backend.set_len(bytes).map_err(at("set the length of", &self.path))?;
        Ok(0)
    }

    /// Writes all; then the drop has nothing to do.
    pub(super) fn finish(&mut self) -> io::Result<u64> {
        self.write_out()?;
        if !std::mem::replace(&mut self.finished, true) {
            self.backend.finish().map_err(at("write", &self.path))?;
        }
        Ok(0)
    }

    /// Writes the buffer. What a failure leaves unwritten stays, for another try.
    pub(super) fn write_out(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        if self.finished && !self.backend.is_plain() {
            let error = io::Error::new(io::ErrorKind::BrokenPipe, "it was shut down before");
            return Err(at("write", &self.path)(error));
        }
        self.forget_ahead()?;
        let mut written = 0;
        let outcome = loop {
            match self.backend.write(&self.out[written..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
            if written == self.out.len() {
                break Ok(());
            }
        };
        self.out.drain(..written);
        outcome.map_err(at("write", &self.path))
    }

    /// Puts the file's position back to where the reader is.
    fn forget_ahead(&mut self) -> io::Result<()> {
        let left = self.ahead().len();
        if left > 0 && self.backend.is_plain() {
            let back = i64::try_from(left).expect("a buffer is smaller than half of the memory");
            self.backend.seek(SeekFrom::Current(-back)).map_err(at("seek in", &self.path))?;
            self.ahead.clear();
            self.taken = 0;
        }
        Ok(())
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::error!(%error, lost = self.out.len(), "a file was dropped, and its last bytes are lost");
        }
    }
}
