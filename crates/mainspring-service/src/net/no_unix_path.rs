//! Where there are no Unix sockets: the same names, and an error for whoever wants one.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::Socket;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets")
}

/// A connection that nobody can have.
#[derive(Debug)]
#[expect(unnameable_types, reason = "elsewhere it is tokio's; here there is none to be named")]
pub enum UnixStream {}

impl UnixStream {
    pub(super) async fn connect(_: impl AsRef<Path>) -> io::Result<Self> {
        Err(unsupported())
    }

    pub(super) fn from_std(none: Infallible) -> io::Result<Self> {
        match none {}
    }

    pub(super) fn into_std(self) -> io::Result<Infallible> {
        match self {}
    }

    pub(super) fn try_write(&self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for UnixStream {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        match *self {}
    }
}

impl AsyncRead for UnixStream {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for UnixStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

/// A listener that nobody can have.
#[derive(Debug)]
pub(super) enum UnixListener {}

impl UnixListener {
    pub(super) fn from_std(_: Listening) -> io::Result<Self> {
        Err(unsupported())
    }

    pub(super) async fn accept(&self) -> io::Result<(UnixStream, Infallible)> {
        match *self {}
    }
}

/// What a listener would be made of.
pub(super) struct Listening;

impl From<Socket> for Listening {
    fn from(_: Socket) -> Self {
        Listening
    }
}

/// The path of a socket.
#[derive(Debug)]
pub(super) struct UnixPath(PathBuf);

impl UnixPath {
    pub(super) fn of(path: &Path) -> Self {
        UnixPath(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn leave(&mut self) {}
}

pub(super) fn listen(_: &Path, _: Option<u32>, _: u32) -> io::Result<(Listening, UnixPath)> {
    Err(unsupported())
}
