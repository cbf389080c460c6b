//! Opens what a path means; everything here blocks.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::files::Settings;
use super::listing::Entry;
use crate::request::coding::Coding;

/// A file up to this size is read while it is looked up; a larger one is sent from the file.
const SMALL: u64 = 64 * 1024;

/// What a path means.
pub(super) enum Found {
    File(Opened),
    /// A directory that is shown: its path must end with a slash.
    Unslashed,
    Listing(Vec<Entry>),
    Missing,
    Denied,
}

/// An open file.
pub(super) struct Opened {
    pub(super) content: Content,
    pub(super) length: u64,
    pub(super) modified: Option<SystemTime>,
    pub(super) coding: Option<Coding>,
    /// The name that tells its type, without the ending of the coding.
    pub(super) name: PathBuf,
    /// Whether compressed siblings might have been sent in its place.
    pub(super) negotiated: bool,
}

pub(super) enum Content {
    Bytes(Bytes),
    File(File),
}

/// Looks a path up below the root; `codings` are those that the client takes.
///
/// # Errors
///
/// What the system says beyond "not there" and "not allowed".
pub(super) fn find(settings: &Settings, path: &Path, slashed: bool, codings: &[Coding]) -> io::Result<Found> {
    let root = Root::open(settings)?;
    let found = find_below(&root, settings, path, slashed, codings).or_else(missing_or)?;
    match (&found, &settings.fallback) {
        (Found::Missing, Some(fallback)) => {
            find_below(&root, settings, fallback, false, codings).or_else(missing_or)
        }
        _ => Ok(found),
    }
}

fn find_below(
    root: &Root<'_>,
    settings: &Settings,
    path: &Path,
    slashed: bool,
    codings: &[Coding],
) -> io::Result<Found> {
    let (file, metadata) = root.open_below(path)?;
    if metadata.is_file() {
        // `a.txt/` is no file.
        return if slashed {
            Ok(Found::Missing)
        } else {
            choose(root, settings, path, file, &metadata, codings)
        };
    }
    if !metadata.is_dir() {
        return Ok(Found::Missing);
    }
    if let Some(index) = &settings.index {
        let path = path.join(index);
        if let Ok((file, metadata)) = root.open_below(&path)
            && metadata.is_file()
        {
            let at_root = path == Path::new(index);
            return if slashed || at_root {
                choose(root, settings, &path, file, &metadata, codings)
            } else {
                Ok(Found::Unslashed)
            };
        }
    }
    match settings.listing {
        true if slashed || path.as_os_str().is_empty() => {
            Ok(Found::Listing(root.entries(path, settings.hidden)?))
        }
        true => Ok(Found::Unslashed),
        false => Ok(Found::Missing),
    }
}

/// What the names of files end with that are compressed so.
fn ending(coding: Coding) -> &'static str {
    match coding {
        Coding::Brotli => ".br",
        Coding::Zstd => ".zst",
        Coding::Gzip => ".gz",
        Coding::Deflate => ".zz",
    }
}

/// Takes the best compressed sibling, or the file itself.
fn choose(
    root: &Root<'_>,
    settings: &Settings,
    path: &Path,
    file: File,
    metadata: &Metadata,
    codings: &[Coding],
) -> io::Result<Found> {
    for coding in codings.iter().filter(|_| settings.precompressed) {
        let mut sibling = path.as_os_str().to_owned();
        sibling.push(ending(*coding));
        if let Ok((file, metadata)) = root.open_below(Path::new(&sibling))
            && metadata.is_file()
        {
            return opened(settings, path, file, &metadata, Some(*coding)).map(Found::File);
        }
    }
    opened(settings, path, file, metadata, None).map(Found::File)
}

fn opened(
    settings: &Settings,
    path: &Path,
    mut file: File,
    metadata: &Metadata,
    coding: Option<Coding>,
) -> io::Result<Opened> {
    let mut length = metadata.len();
    let content = if length <= SMALL {
        let mut bytes = Vec::with_capacity(length as usize);
        file.by_ref().take(SMALL).read_to_end(&mut bytes)?;
        // It may have grown or shrunk since.
        length = bytes.len() as u64;
        Content::Bytes(bytes.into())
    } else {
        Content::File(file)
    };
    Ok(Opened {
        content,
        length,
        modified: metadata.modified().ok(),
        coding,
        name: path.to_owned(),
        negotiated: settings.precompressed,
    })
}

/// Sorts the errors that say something about the path from those that say something about the machine.
fn missing_or(error: io::Error) -> io::Result<Found> {
    match error.kind() {
        // Without a number it is cap-std's: the path leads out of the root.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_some() => Ok(Found::Denied),
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidFilename => Ok(Found::Missing),
        // A link that leads to itself.
        _ if error.raw_os_error() == Some(libc::ELOOP) => Ok(Found::Missing),
        _ => Err(error),
    }
}

/// The directory, opened anew for each request: it may have been replaced by another.
enum Root<'a> {
    /// Links that lead out of it lead nowhere.
    Closed(Dir),
    /// Links are followed wherever they lead.
    Open(&'a Path),
}

impl<'a> Root<'a> {
    fn open(settings: &'a Settings) -> io::Result<Self> {
        if settings.follow_links {
            return Ok(Self::Open(&settings.root));
        }
        Dir::open_ambient_dir(&settings.root, ambient_authority()).map(Self::Closed)
    }

    fn open_below(&self, path: &Path) -> io::Result<(File, Metadata)> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let file = match self {
            Self::Closed(dir) => dir.open_with(path, &options())?.into_std(),
            Self::Open(root) => ambient_options().open(root.join(path))?,
        };
        let metadata = file.metadata()?;
        Ok((file, metadata))
    }

    fn entries(&self, path: &Path, hidden: bool) -> io::Result<Vec<Entry>> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let mut entries = Vec::new();
        match self {
            Self::Closed(dir) => {
                for entry in dir.read_dir(path)? {
                    let entry = entry?;
                    let metadata = dir.metadata(path.join(entry.file_name()));
                    let shape = metadata.map(|metadata| (metadata.is_dir(), metadata.len()));
                    entries.extend(shape.ok().and_then(|shape| Entry::new(entry.file_name(), shape, hidden)));
                }
            }
            Self::Open(root) => {
                for entry in root.join(path).read_dir()? {
                    let entry = entry?;
                    let shape = entry.path().metadata().map(|metadata| (metadata.is_dir(), metadata.len()));
                    entries.extend(shape.ok().and_then(|shape| Entry::new(entry.file_name(), shape, hidden)));
                }
            }
        }
        entries.sort();
        Ok(entries)
    }
}

/// Opening a pipe must not wait for somebody to write into it.
#[cfg(unix)]
fn options() -> OpenOptions {
    use cap_std::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

#[cfg(unix)]
fn ambient_options() -> std::fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

#[cfg(not(unix))]
fn ambient_options() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    options
}
