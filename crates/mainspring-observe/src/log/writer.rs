use std::{
    io::{self, ErrorKind, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{
    buffer::{Batch, Buffer, Outcome},
    error::{Error, Kind},
    format::Style,
};

/// Up to this size the kernel does not mix a write to a pipe with those of other processes (`PIPE_BUF`).
const WHOLE: usize = 4096;

/// How long a full non-blocking pipe is left alone. It is rare enough that a poller is not worth having.
const PAUSE: Duration = Duration::from_millis(10);

/// Owns the output on the thread "log".
pub(super) struct Writer {
    pub(super) buffer: Arc<Buffer>,
    pub(super) output: Box<dyn Write + Send>,
    pub(super) style: Style,
    pub(super) flush_every: Duration,
    /// Lines lost that no written line speaks of yet.
    unreported: u64,
    /// A failed write has left a line without its end.
    is_mid_line: bool,
}

impl Writer {
    pub(super) fn new(
        buffer: Arc<Buffer>,
        output: Box<dyn Write + Send>,
        style: Style,
        flush_every: Duration,
    ) -> Self {
        Self { buffer, output, style, flush_every, unreported: 0, is_mid_line: false }
    }

    pub(super) fn spawn(self, capacity: usize) -> Result<(), Error> {
        let thread = thread::Builder::new().name("log".to_owned());
        let spawned = thread.spawn(move || self.run(Batch::with_capacity(capacity)));
        spawned.map(drop).map_err(|source| Kind::Thread { source }.into())
    }

    fn run(mut self, mut batch: Batch) {
        let buffer = Arc::clone(&self.buffer);
        // Also when this thread dies: nobody may wait for it then.
        let _end = End(&buffer);
        while buffer.take(&mut batch, self.flush_every) {
            let outcome = self.write_batch(&batch);
            buffer.settle(&batch, &outcome);
        }
    }

    fn write_batch(&mut self, batch: &Batch) -> Outcome {
        let mut outcome = Outcome::default();
        self.notice(&mut outcome);
        let written = self.write_lines(batch, &mut outcome);
        outcome.written = written as u64;
        outcome.lost = (batch.ends.len() - written) as u64;
        self.unreported += outcome.lost + batch.dropped;
        self.notice(&mut outcome);
        if outcome.written > 0 && guarded(|| self.output.flush()).is_err() {
            outcome.errors += 1;
        }
        outcome
    }

    /// Returns how many lines the output took; the first failure ends it.
    fn write_lines(&mut self, batch: &Batch, outcome: &mut Outcome) -> usize {
        let (mut line, mut start) = (0, 0);
        while line < batch.ends.len() {
            let whole = batch.ends[line..].partition_point(|end| end - start <= WHOLE);
            let next = line + whole.max(1);
            let end = batch.ends[next - 1];
            if !self.write(&batch.bytes[start..end], outcome) {
                break;
            }
            (line, start) = (next, end);
        }
        line
    }

    fn notice(&mut self, outcome: &mut Outcome) {
        if self.unreported > 0 {
            let line = self.style.notice(self.unreported);
            if self.write(line.as_bytes(), outcome) {
                self.unreported = 0;
            }
        }
    }

    fn write(&mut self, lines: &[u8], outcome: &mut Outcome) -> bool {
        if self.is_mid_line {
            if self.write_all(b"\n", outcome).is_err() {
                return false;
            }
            self.is_mid_line = false;
        }
        self.write_all(lines, outcome).is_ok()
    }

    /// Like [`Write::write_all`], and also waits for a non-blocking output.
    fn write_all(&mut self, mut bytes: &[u8], outcome: &mut Outcome) -> io::Result<()> {
        while !bytes.is_empty() {
            match guarded(|| self.output.write(bytes)) {
                Ok(0) => return self.failed(ErrorKind::WriteZero.into(), outcome),
                Ok(count) => {
                    outcome.bytes += count as u64;
                    self.is_mid_line = bytes[count - 1] != b'\n';
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !self.buffer.pause(PAUSE) {
                        return self.failed(error, outcome);
                    }
                }
                Err(error) => return self.failed(error, outcome),
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: io::Error, outcome: &mut Outcome) -> io::Result<()> {
        outcome.errors += 1;
        Err(error)
    }
}

struct End<'a>(&'a Buffer);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A foreign writer that panics has failed to write; the log outlives it.
fn guarded<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(write))
        .unwrap_or_else(|_| Err(io::Error::other("the log's output panicked")))
}
