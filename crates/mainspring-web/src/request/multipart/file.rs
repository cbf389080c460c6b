//! A file that was sent with a form.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use mainspring_task::{spawn, threaded};

use super::head::PartHead;
use super::spool::Spooled;
use crate::payload::Body;

/// A file of a [`MultipartForm`](crate::MultipartForm): in memory when it is small, else on disk.
///
/// On disk it has no name, so it is gone when this is dropped, and even when the process is killed.
///
/// In a form's struct it may stand as itself, in an `Option` (a field that was left empty is `None`) and in a
/// `Vec`. It can be read from nothing but a multipart form.
pub struct UploadedFile {
    filename: Option<String>,
    content_type: Option<String>,
    data: Data,
}

enum Data {
    Memory(Bytes),
    Disk(OnDisk),
}

/// A file whose memory on disk is given back on the blocking pool, as that takes long for a large one.
struct OnDisk {
    file: Option<Arc<File>>,
    length: u64,
    /// Held by who reads from the file's own position.
    reading: Arc<Mutex<()>>,
}

impl UploadedFile {
    pub(super) fn new(head: PartHead, spooled: Spooled) -> Self {
        let content_type = head.headers.get(http::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let data = match spooled {
            Spooled::Memory(bytes) => Data::Memory(bytes),
            Spooled::Disk(file, length) => Data::Disk(OnDisk::new(file, length)),
        };
        Self { filename: head.filename, content_type, data }
    }

    /// Its name as the client sent it: it may hold a path and is not to be trusted.
    pub fn filename(&self) -> Option<&str> {
        self.filename.as_deref()
    }

    /// Its type as the client named it, which is not to be trusted either.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Number of bytes.
    pub fn len(&self) -> u64 {
        match &self.data {
            Data::Memory(bytes) => bytes.len() as u64,
            Data::Disk(disk) => disk.length,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is on disk.
    pub fn is_on_disk(&self) -> bool {
        matches!(self.data, Data::Disk(_))
    }

    /// Reads it whole into memory.
    ///
    /// # Errors
    ///
    /// When the disk cannot be read.
    pub async fn bytes(&self) -> io::Result<Bytes> {
        match &self.data {
            Data::Memory(bytes) => Ok(bytes.clone()),
            Data::Disk(disk) => {
                let body = Body::file(disk.open()?, 0..disk.length);
                body.collect().await.map_err(|error| io::Error::other(error.to_string()))
            }
        }
    }

    /// Writes it to a path, in the place of what is there.
    ///
    /// # Errors
    ///
    /// When the path cannot be written; what was written so far is left behind.
    pub async fn save(&self, path: impl Into<PathBuf>) -> io::Result<()> {
        let path = path.into();
        match &self.data {
            Data::Memory(bytes) => {
                let bytes = bytes.clone();
                threaded(move || std::fs::write(path, bytes)).await.map_err(io::Error::other)?
            }
            Data::Disk(disk) => {
                let mut from = disk.open()?;
                let reading = Arc::clone(&disk.reading);
                let copy = move || {
                    let _reading = reading.lock();
                    io::Seek::rewind(&mut from)?;
                    io::copy(&mut from, &mut File::create(path)?).map(drop)
                };
                threaded(copy).await.map_err(io::Error::other)?
            }
        }
    }

    /// Makes a body of it, to send it on.
    ///
    /// # Errors
    ///
    /// When the process has too many files open.
    pub fn into_body(self) -> io::Result<Body> {
        match &self.data {
            Data::Memory(bytes) => Ok(bytes.clone().into()),
            Data::Disk(disk) => Ok(Body::file(disk.open()?, 0..disk.length)),
        }
    }
}

impl OnDisk {
    fn new(file: File, length: u64) -> Self {
        Self { file: Some(Arc::new(file)), length, reading: Arc::default() }
    }

    /// Another handle to the same file, with the same position.
    fn open(&self) -> io::Result<File> {
        self.file.as_ref().ok_or(io::ErrorKind::NotFound)?.try_clone()
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if let Some(file) = self.file.take()
            && tokio::runtime::Handle::try_current().is_ok()
        {
            drop(spawn(threaded(move || drop(file))));
        }
    }
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadedFile")
            .field("filename", &self.filename)
            .field("content_type", &self.content_type)
            .field("len", &self.len())
            .field("on_disk", &self.is_on_disk())
            .finish()
    }
}
