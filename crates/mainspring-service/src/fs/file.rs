use std::fmt;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use mainspring_task::blocking::{self, Job, Pool};
use mainspring_task::cancel::rescue;
use mainspring_task::task;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;

use super::Lines;
use super::buffers::Buffers;
use super::error::refused;

/// An open file; made by [`open`](super::open()).
///
/// Dropping it leaves what is not written yet to a task that the end of the process waits for, within the
/// grace of cleanups; [`close`](File::close) tells of errors too.
///
/// It is also tokio's `AsyncRead` and `AsyncWrite`, for `tokio::io::copy` and its like.
///
/// # Cancel safety
///
/// A call that is dropped leaves the file whole. What a write had taken is written; what a read had
/// brought stays in the buffer, so [`read`](File::read) and [`next_line`](File::next_line) are
/// cancel safe. An error that nobody waited for comes out of the next call.
pub struct File {
    /// Locked here only while no job of this file is under way, so never for long.
    buffers: Arc<Mutex<Buffers>>,
    job: Option<(Errand, Job<io::Result<u64>>)>,
    /// There is something to be written.
    dirty: bool,
    /// Its end is to be written at the last.
    packed: bool,
    /// The beginning of a line whose end was not there yet.
    line: Vec<u8>,
    path: Arc<Path>,
    pool: Pool,
}

/// What a job of a file is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Errand {
    Fill,
    Flush,
    Finish,
    Other,
}

impl File {
    pub(super) fn new(buffers: Buffers, path: Arc<Path>, pool: Pool, packed: bool) -> Self {
        let buffers = Arc::new(Mutex::new(buffers));
        File { buffers, job: None, dirty: packed, packed, line: Vec::new(), path, pool }
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of the bytes or the text.
    ///
    /// # Errors
    ///
    /// When the buffer was full and the system refused it.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut bytes = bytes.as_ref();
        while !bytes.is_empty() {
            let written = poll_fn(|cx| self.poll_accept(cx, bytes)).await?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Reads what is there, up to the length of the buffer; 0 at the end.
    ///
    /// # Errors
    ///
    /// When the system or the packing refuses.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        poll_fn(|cx| Pin::new(&mut *self).poll_read(cx, &mut buffer)).await?;
        Ok(buffer.filled().len())
    }

    /// Reads all that is left.
    ///
    /// # Errors
    ///
    /// When the system or the packing refuses.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut all = std::mem::take(&mut self.line);
        while self.filled().await? {
            let mut buffers = self.lock();
            all.extend_from_slice(buffers.ahead());
            buffers.take(usize::MAX);
        }
        Ok(all)
    }

    /// Reads all that is left as text.
    ///
    /// # Errors
    ///
    /// When the system or the packing refuses, and when it is no UTF-8.
    pub async fn read_to_string(&mut self) -> io::Result<String> {
        text(self.read_to_end().await?)
    }

    /// Reads a line, without its end (`\n` or `\r\n`); `None` at the end.
    ///
    /// # Errors
    ///
    /// When the system or the packing refuses, and when it is no UTF-8.
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        poll_fn(|cx| self.poll_line(cx)).await
    }

    /// The lines that are left, as a stream.
    pub fn lines(&mut self) -> Lines<'_> {
        Lines::new(self)
    }

    /// Moves to another place, and returns how far from the beginning that is.
    ///
    /// # Errors
    ///
    /// When the place is before the beginning, and in a packed file.
    pub async fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // The reader has not seen the beginning of a line that was cut off.
        let unseen = i64::try_from(self.line.len()).unwrap_or(i64::MAX);
        let to =
            if let SeekFrom::Current(by) = to { SeekFrom::Current(by.saturating_sub(unseen)) } else { to };
        let place = self.hop(move |buffers| buffers.seek(to)).await?;
        self.line.clear();
        self.dirty = self.packed;
        Ok(place)
    }

    /// Cuts the file, or fills it up with zeros.
    ///
    /// # Errors
    ///
    /// When the system refuses, and in a packed file.
    pub async fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        self.hop(move |buffers| buffers.set_len(bytes)).await.map(drop)
    }

    /// Brings what was written to the file, where others see it.
    ///
    /// # Errors
    ///
    /// When the system refuses. What is not written yet stays for another try.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.hop(Buffers::flush).await?;
        self.dirty = self.packed;
        Ok(())
    }

    /// [`flush`](File::flush), and waits until the disk has it.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn sync(&mut self) -> io::Result<()> {
        self.hop(Buffers::sync).await?;
        self.dirty = self.packed;
        Ok(())
    }

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    ///
    /// When the last bytes could not be written.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the rest to a task, as dropping the file does.
    pub async fn close(mut self) -> io::Result<()> {
        self.hop(Buffers::finish).await?;
        self.dirty = false;
        Ok(())
    }

    pub(super) fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<String>>> {
        loop {
            let some = ready!(self.poll_filled(cx))?;
            if !some {
                let last = std::mem::take(&mut self.line);
                return Poll::Ready(if last.is_empty() { Ok(None) } else { text(last).map(Some) });
            }
            let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
            let ahead = buffers.ahead();
            let end = ahead.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(ahead.len(), |end| end + 1);
            self.line.extend_from_slice(&ahead[..taken]);
            buffers.take(taken);
            drop(buffers);
            if end.is_some() {
                return Poll::Ready(text(chomped(std::mem::take(&mut self.line))).map(Some));
            }
        }
    }

    /// Takes some of the bytes into the buffer.
    fn poll_accept(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_settled(cx))?;
            let accepted = self.lock().accept(bytes);
            if accepted > 0 || bytes.is_empty() {
                self.dirty = true;
                return Poll::Ready(Ok(accepted));
            }
            self.submit(Errand::Other, |buffers| buffers.write_out().map(|()| 0));
        }
    }

    /// Sees to it that something was read ahead; false at the end.
    fn poll_filled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let filled = ready!(self.poll_settled(cx))?.0 == Errand::Fill;
            let (some, unwritten) = {
                let buffers = self.lock();
                (!buffers.ahead().is_empty(), buffers.has_unwritten())
            };
            if (some || filled) && !unwritten {
                return Poll::Ready(Ok(some));
            }
            self.submit(Errand::Fill, Buffers::fill);
        }
    }

    /// Runs the errand if there is something to be written.
    fn poll_clean(
        &mut self,
        cx: &mut Context<'_>,
        errand: Errand,
        work: fn(&mut Buffers) -> io::Result<u64>,
    ) -> Poll<io::Result<()>> {
        loop {
            let done = ready!(self.poll_settled(cx))?.0 == errand;
            self.dirty &= !done || self.packed;
            if done || !self.dirty {
                return Poll::Ready(Ok(()));
            }
            self.submit(errand, work);
        }
    }

    async fn filled(&mut self) -> io::Result<bool> {
        poll_fn(|cx| self.poll_filled(cx)).await
    }

    /// Waits until no job is under way; the outcome is that of the job that was.
    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Errand, u64)>> {
        let Some((errand, job)) = &mut self.job else { return Poll::Ready(Ok((Errand::Other, 0))) };
        let (errand, outcome) = (*errand, ready!(Pin::new(job).poll(cx)));
        self.job = None;
        Poll::Ready(outcome.unwrap_or_else(|error| Err(refused(error))).map(|value| (errand, value)))
    }

    async fn hop(
        &mut self,
        work: impl FnOnce(&mut Buffers) -> io::Result<u64> + Send + 'static,
    ) -> io::Result<u64> {
        poll_fn(|cx| self.poll_settled(cx)).await?;
        self.submit(Errand::Other, work);
        poll_fn(|cx| self.poll_settled(cx)).await.map(|(_, value)| value)
    }

    /// To be called while no job is under way.
    fn submit(
        &mut self,
        errand: Errand,
        work: impl FnOnce(&mut Buffers) -> io::Result<u64> + Send + 'static,
    ) {
        let buffers = Arc::clone(&self.buffers);
        let builder = blocking::Builder::new().name("file").on(&self.pool);
        self.job = Some((errand, builder.run(move || work(&mut locked(&buffers)))));
    }

    fn lock(&self) -> MutexGuard<'_, Buffers> {
        locked(&self.buffers)
    }
}

fn locked(buffers: &Mutex<Buffers>) -> MutexGuard<'_, Buffers> {
    buffers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chomped(mut line: Vec<u8>) -> Vec<u8> {
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    }
    line
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

impl AsyncRead for File {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.line.is_empty() {
            let bytes = this.line.len().min(buffer.remaining());
            buffer.put_slice(&this.line[..bytes]);
            this.line.drain(..bytes);
            return Poll::Ready(Ok(()));
        }
        if buffer.remaining() > 0 && ready!(this.poll_filled(cx))? {
            let mut buffers = this.lock();
            let bytes = buffers.ahead().len().min(buffer.remaining());
            buffer.put_slice(&buffers.ahead()[..bytes]);
            buffers.take(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for File {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_accept(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_clean(cx, Errand::Flush, Buffers::flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.packed = false;
        this.poll_clean(cx, Errand::Finish, Buffers::finish)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let job = self.job.take();
        if !self.dirty && job.is_none() {
            return;
        }
        // Without a runtime the last to let the buffers go writes them.
        let Ok(runtime) = Handle::try_current() else { return };
        let (buffers, pool) = (Arc::clone(&self.buffers), self.pool.clone());
        let flush = async move {
            if let Some((_, job)) = job {
                drop(job.await);
            }
            // The drop of the buffers tells of an error.
            let builder = blocking::Builder::new().name("close").on(&pool);
            drop(builder.run(move || drop(buffers)).await);
        };
        let name = format!("close {}", self.path.display());
        rescue(task::Builder::new().name(name).on(&runtime), flush);
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}
