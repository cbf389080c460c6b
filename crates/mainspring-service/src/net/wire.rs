use std::io::{self, IoSlice};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(windows)]
use std::os::windows::io::{AsSocket, BorrowedSocket};
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::UnixStream;
#[cfg(target_os = "linux")]
use super::transfer;

/// A connected socket of either family.
#[derive(Debug)]
#[expect(unnameable_types, reason = "the seal of a public trait names it")]
pub enum Wire {
    /// Of a TCP connection.
    Tcp(TcpStream),
    /// Of a Unix socket.
    Unix(UnixStream),
}

impl Wire {
    /// Gives the socket to the runtime that runs this, when another accepted it.
    pub(super) fn rehome(self) -> io::Result<Self> {
        Ok(match self {
            Wire::Tcp(stream) => Wire::Tcp(TcpStream::from_std(stream.into_std()?)?),
            Wire::Unix(stream) => Wire::Unix(UnixStream::from_std(stream.into_std()?)?),
        })
    }

    pub(super) fn tcp(self) -> Option<TcpStream> {
        match self {
            Wire::Tcp(stream) => Some(stream),
            Wire::Unix(_) => None,
        }
    }

    pub(super) fn unix(self) -> Option<UnixStream> {
        match self {
            Wire::Unix(stream) => Some(stream),
            Wire::Tcp(_) => None,
        }
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.try_write(bytes),
            Wire::Unix(stream) => stream.try_write(bytes),
        }
    }

    /// Receives into `room`; gives how many bytes came.
    #[cfg(target_os = "linux")]
    #[inline]
    pub(super) fn poll_receive(&self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Wire::Tcp(stream) => transfer::poll_receive(stream, cx, room),
            Wire::Unix(stream) => transfer::poll_receive(stream, cx, room),
        }
    }

    /// Ends both directions, which wakes everybody who waits for either.
    pub(super) fn cut(&self) {
        let both = std::net::Shutdown::Both;
        // A peer that has gone already leaves nothing to end.
        let _ = match self {
            Wire::Tcp(stream) => SockRef::from(stream).shutdown(both),
            Wire::Unix(stream) => SockRef::from(stream).shutdown(both),
        };
    }
}

#[cfg(unix)]
impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Wire::Tcp(stream) => stream.as_fd(),
            Wire::Unix(stream) => stream.as_fd(),
        }
    }
}

#[cfg(windows)]
impl AsSocket for Wire {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        match self {
            Wire::Tcp(stream) => stream.as_socket(),
            Wire::Unix(stream) => stream.as_socket(),
        }
    }
}

impl AsyncRead for Wire {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        #[cfg(target_os = "linux")]
        if let Some(room) = transfer::room(buffer) {
            let received = self.poll_receive(cx, room);
            return received.map_ok(|count| buffer.advance(count));
        }
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Wire::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    #[cfg(target_os = "linux")]
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Tcp(stream) => transfer::poll_send(stream, cx, bytes),
            Wire::Unix(stream) => transfer::poll_send(stream, cx, bytes),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Wire::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Neither socket has a buffer of its own.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
