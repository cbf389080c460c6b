use std::io;
use std::path::Path;
use std::sync::Arc;

use mainspring_task::blocking::{self, Pool};

use super::backend::Backend;
use super::buffers::Buffers;
use super::error::{at, done};
use super::{Compression, File, IntoMode};

/// Opens a file.
///
/// # Errors
///
/// When the mode is none, and when the system refuses; the error names the path.
///
/// # Cancel safety
///
/// A file that was opened meanwhile is closed. One that was made or emptied stays so.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use mainspring_service::fs;
///
/// let error = fs::open("/no/such/file", "r").await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// assert!(error.to_string().starts_with("cannot open `/no/such/file`: "));
/// # }
/// ```
pub async fn open(path: impl AsRef<Path>, mode: impl IntoMode) -> io::Result<File> {
    Options::new().open(path, mode).await
}

/// A file to be: how it is packed, its buffers and its pool.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use mainspring_service::fs::{Compression, Options};
///
/// # let path = std::env::temp_dir().join(format!("mainspring-gz-{}.gz", std::process::id()));
/// let packed = Options::new().compression(Compression::of(&path));
/// let mut log = packed.clone().open(&path, "w").await?;
/// log.write("one\ntwo\n").await?;
/// log.close().await?;
/// let mut log = packed.open(&path, "r").await?;
/// assert_eq!(log.next_line().await?.as_deref(), Some("one"));
/// # std::fs::remove_file(path)
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until `open`"]
pub struct Options {
    compression: Compression,
    buffer: Option<usize>,
    pool: Option<Pool>,
}

impl Options {
    /// Not packed, buffers of 64 KiB, the pool [`Pool::io`].
    pub fn new() -> Self {
        Options::default()
    }

    /// How the file is packed.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The size of the buffer for each direction, in bytes. At least one.
    pub fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = Some(bytes.max(1));
        self
    }

    /// The pool whose threads make the calls.
    pub fn pool(mut self, pool: &Pool) -> Self {
        self.pool = Some(pool.clone());
        self
    }

    /// Opens a file; see [`open`](super::open()).
    ///
    /// # Errors
    ///
    /// When the mode is none or does not go with packing, and when the system refuses.
    ///
    /// # Cancel safety
    ///
    /// A file that was opened meanwhile is closed. One that was made or emptied stays so.
    pub async fn open(self, path: impl AsRef<Path>, mode: impl IntoMode) -> io::Result<File> {
        let (mode, path) = (mode.into_mode()?, Arc::<Path>::from(path.as_ref()));
        let (pool, size) = (self.pool.unwrap_or_else(|| Pool::io().clone()), self.buffer.unwrap_or(BUFFER));
        let (compression, there) = (self.compression, Arc::clone(&path));
        let opened = blocking::Builder::new().name("open").on(&pool).run(move || {
            if compression != Compression::None && mode.reads() && mode.writes() {
                // Refused before the file is made or emptied.
                let why = "a packed file is read or written, not both";
                return Err(at("open", &there)(io::Error::new(io::ErrorKind::Unsupported, why)));
            }
            let file = mode.options().open(&there).map_err(at("open", &there))?;
            let backend = Backend::new(file, mode, compression).map_err(at("open", &there))?;
            Ok(Buffers::new(backend, there, size))
        });
        Ok(File::new(done(opened).await?, path, pool, compression != Compression::None && mode.writes()))
    }
}

const BUFFER: usize = 64 * 1024;
