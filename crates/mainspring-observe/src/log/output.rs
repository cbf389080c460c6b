use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

#[cfg(unix)]
use std::os::fd::{AsFd as AsDescriptor, OwnedFd as Descriptor};
#[cfg(windows)]
use std::os::windows::io::{AsHandle as AsDescriptor, OwnedHandle as Descriptor};

use super::error::{Error, Kind};

/// Names where the lines go.
#[non_exhaustive]
pub enum Output {
    /// The process's standard error: the default.
    Stderr,
    /// The process's standard output.
    Stdout,
    /// A file, created if need be and appended to. Truncating it from outside is safe; when it is renamed, lines
    /// go on into the renamed file.
    File(PathBuf),
    /// Anything else. It is called from the thread "log" only and may block; a panic in it counts as a failed
    /// write. It must not log: each of its lines would call for the next.
    Writer(Box<dyn Write + Send>),
}

/// An output opened for the writer's thread.
pub(super) struct Sink {
    pub(super) write: Box<dyn Write + Send>,
    pub(super) is_terminal: bool,
}

impl Output {
    pub(super) fn open(self) -> Result<Sink, Error> {
        match self {
            Self::Stderr => standard("stderr", &io::stderr()),
            Self::Stdout => standard("stdout", &io::stdout()),
            Self::File(path) => {
                let file = OpenOptions::new().append(true).create(true).open(&path);
                let file = file.map_err(|source| failed(path.display(), source))?;
                Ok(Sink { is_terminal: file.is_terminal(), write: Box::new(file) })
            }
            Self::Writer(write) => Ok(Sink { write, is_terminal: false }),
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stderr => f.write_str("Stderr"),
            Self::Stdout => f.write_str("Stdout"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Writer(_) => f.write_str("Writer(..)"),
        }
    }
}

/// The duplicate is not behind the lock that `eprintln!` takes, which would otherwise wait for whole batches.
fn standard(name: &str, stream: &impl AsDescriptor) -> Result<Sink, Error> {
    let file = File::from(duplicate(stream).map_err(|source| failed(name, source))?);
    Ok(Sink { is_terminal: file.is_terminal(), write: Box::new(file) })
}

#[cfg(unix)]
fn duplicate(stream: &impl AsDescriptor) -> io::Result<Descriptor> {
    stream.as_fd().try_clone_to_owned()
}

#[cfg(windows)]
fn duplicate(stream: &impl AsDescriptor) -> io::Result<Descriptor> {
    stream.as_handle().try_clone_to_owned()
}

fn failed(name: impl fmt::Display, source: io::Error) -> Error {
    Kind::Output { name: name.to_string(), source }.into()
}
