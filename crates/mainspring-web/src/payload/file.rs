//! A part of a file as a body.

use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use mainspring_task::threaded;
use sync_wrapper::SyncWrapper;

/// What is read in one trip to the blocking pool.
const PIECE: u64 = 256 * 1024;

/// A part of an open file. The position of the file itself is neither used nor moved.
pub(crate) struct FileBody {
    file: Arc<File>,
    left: Range<u64>,
    reading: Option<SyncWrapper<Reading>>,
}

type Reading = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

impl FileBody {
    pub(super) fn new(file: File, range: Range<u64>) -> Self {
        Self { file: Arc::new(file), left: range, reading: None }
    }

    /// Bytes that are still to come.
    pub(crate) fn len(&self) -> u64 {
        self.left.end.saturating_sub(self.left.start)
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The part of the file that is still to come.
    pub(crate) fn left(&self) -> Range<u64> {
        self.left.clone()
    }

    /// Notes that bytes went another way.
    pub(crate) fn advance(&mut self, count: u64) {
        self.left.start += count;
    }

    /// Reads the next piece on the blocking pool; `None` after the last.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.len() == 0 {
            return Poll::Ready(None);
        }
        let (file, at, count) = (&self.file, self.left.start, self.len().min(PIECE));
        let reading = self.reading.get_or_insert_with(|| {
            let file = Arc::clone(file);
            SyncWrapper::new(Box::pin(async move {
                threaded(move || read(&file, at, count as usize)).await.map_err(io::Error::other)?
            }))
        });
        let read = ready!(reading.get_mut().as_mut().poll(cx));
        self.reading = None;
        Poll::Ready(Some(read.inspect(|piece| self.left.start += piece.len() as u64)))
    }
}

/// Reads `count` bytes from `at` on.
fn read(file: &File, at: u64, count: usize) -> io::Result<Bytes> {
    let mut piece = vec![0; count];
    let mut read = 0;
    while let Some(rest) = piece.get_mut(read..)
        && !rest.is_empty()
    {
        match read_at(file, rest, at + read as u64) {
            // Cut shorter by somebody while it is sent: the length was promised already.
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(piece.into())
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
