use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::Mode;

/// How the bytes of a file are packed.
///
/// A packed file is read from its beginning to its end, or written to its end; there is no seeking
/// in it, and no mode for both ways. Appending adds a member of its own, as the formats allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all. The default.
    #[default]
    None,
    /// gzip, at its usual level.
    Gzip,
    /// Zstandard, at its usual level.
    Zstd,
}

impl Compression {
    /// What the name of a file says: `.gz`, `.zst` or neither.
    ///
    /// ```
    /// use mainspring_service::fs::Compression;
    ///
    /// assert_eq!(Compression::of("log.1.gz"), Compression::Gzip);
    /// assert_eq!(Compression::of("log"), Compression::None);
    /// ```
    pub fn of(path: impl AsRef<Path>) -> Self {
        let extension = path.as_ref().extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("gz") {
            Compression::Gzip
        } else if extension.eq_ignore_ascii_case("zst") {
            Compression::Zstd
        } else {
            Compression::None
        }
    }
}

/// An open file as the pool's threads see it.
pub(super) enum Backend {
    Plain(File),
    GzipReader(Box<MultiGzDecoder<BufReader<File>>>),
    GzipWriter(GzEncoder<File>),
    ZstdReader(zstd::stream::read::Decoder<'static, BufReader<File>>),
    ZstdWriter(zstd::stream::write::Encoder<'static, File>),
}

impl Backend {
    /// The mode goes with the compression.
    pub(super) fn new(file: File, mode: Mode, compression: Compression) -> io::Result<Self> {
        Ok(match (compression, mode.reads()) {
            (Compression::None, _) => Backend::Plain(file),
            (Compression::Gzip, true) => {
                Backend::GzipReader(Box::new(MultiGzDecoder::new(BufReader::new(file))))
            }
            (Compression::Gzip, false) => {
                Backend::GzipWriter(GzEncoder::new(file, flate2::Compression::default()))
            }
            (Compression::Zstd, true) => Backend::ZstdReader(zstd::stream::read::Decoder::new(file)?),
            (Compression::Zstd, false) => Backend::ZstdWriter(zstd::stream::write::Encoder::new(file, 0)?),
        })
    }

    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Backend::Plain(_))
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Backend::Plain(file) => file.read(buffer),
            Backend::GzipReader(reader) => reader.read(buffer),
            Backend::ZstdReader(reader) => reader.read(buffer),
            Backend::GzipWriter(_) | Backend::ZstdWriter(_) => {
                Err(unsupported("the file is open for writing"))
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Backend::Plain(file) => file.write(bytes),
            Backend::GzipWriter(writer) => writer.write(bytes),
            Backend::ZstdWriter(writer) => writer.write(bytes),
            Backend::GzipReader(_) | Backend::ZstdReader(_) => {
                Err(unsupported("the file is open for reading"))
            }
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Backend::GzipWriter(writer) => writer.flush(),
            Backend::ZstdWriter(writer) => writer.flush(),
            Backend::Plain(_) | Backend::GzipReader(_) | Backend::ZstdReader(_) => Ok(()),
        }
    }

    /// Writes what belongs to the end of a packed file.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Backend::GzipWriter(writer) => writer.try_finish(),
            Backend::ZstdWriter(writer) => writer.do_finish(),
            Backend::Plain(_) | Backend::GzipReader(_) | Backend::ZstdReader(_) => Ok(()),
        }
    }

    pub(super) fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Backend::Plain(file) => file.seek(to),
            _ => Err(unsupported("there is no seeking in a packed file")),
        }
    }

    pub(super) fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        match self {
            Backend::Plain(file) => file.set_len(bytes),
            _ => Err(unsupported("the length of a packed file cannot be set")),
        }
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        match self {
            Backend::Plain(file) => file.sync_all(),
            Backend::GzipWriter(writer) => writer.get_ref().sync_all(),
            Backend::ZstdWriter(writer) => writer.get_ref().sync_all(),
            Backend::GzipReader(_) | Backend::ZstdReader(_) => Ok(()),
        }
    }
}

fn unsupported(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}
