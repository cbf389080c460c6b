//! What carries a connection's bytes.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

/// A stream of bytes both ways, with what only some kinds of it can do.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static {
    /// Reads once into what room a buffer has: how many bytes came, none at their end.
    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        poll_read_buf(Pin::new(self), cx, buffer)
    }

    /// Sends a part of a file without a detour through memory: how many bytes went, none at its end.
    ///
    /// `Unsupported` where the system cannot; the file is then read and written.
    fn poll_send_file(
        &mut self,
        _cx: &mut Context<'_>,
        _file: &File,
        _at: u64,
        _count: u64,
    ) -> Poll<io::Result<u64>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Writes what can be written at once; `WouldBlock` when nothing can, or nothing is known.
    ///
    /// It costs less than a poll, for nobody is to be woken.
    #[inline]
    fn try_write(&self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Has the end of the connection seen as a failure, where an orderly end would pass for the end of a body.
    fn spoil(&self) {}
}

#[cfg(test)]
impl Transport for tokio::io::DuplexStream {}

impl Transport for mainspring_service::net::Connection {}

#[cfg(unix)]
impl Transport for tokio::net::UnixStream {}

impl Transport for tokio::net::TcpStream {
    /// Asks the socket before the runtime: whoever was woken finds something, and registers but once.
    #[cfg(target_os = "linux")]
    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        use std::task::ready;

        use tokio::io::Interest;
        use tokio::task::coop;

        // A client that always has more to send must leave time for others.
        let turn = ready!(coop::poll_proceed(cx));
        let room = buffer.capacity() - buffer.len();
        loop {
            let mut short = None;
            // A read that leaves room has emptied the socket, which epoll tells of again once more has come. The
            // readiness was looked at before the read, so that nothing is lost that came since.
            let read = self.try_io(Interest::READABLE, || match self.try_read_buf(buffer) {
                Ok(count) if count > 0 && count < room => {
                    short = Some(count);
                    Err(io::ErrorKind::WouldBlock.into())
                }
                read => read,
            });
            match short.map_or(read, Ok) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.poll_read_ready(cx))?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    turn.made_progress();
                    return Poll::Ready(read);
                }
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        file: &File,
        at: u64,
        count: u64,
    ) -> Poll<io::Result<u64>> {
        use std::task::ready;

        use rustix::io::Errno;
        use tokio::io::Interest;
        use tokio::task::coop;

        /// Most that goes in one call, so that others have their turn.
        const MOST: u64 = 1024 * 1024;

        // Such a call counts as much as any other that a task may make before it must give way.
        let turn = ready!(coop::poll_proceed(cx));
        loop {
            ready!(self.poll_write_ready(cx))?;
            let mut offset = at;
            let send = || {
                let sent = rustix::fs::sendfile(&*self, file, Some(&mut offset), count.min(MOST) as usize);
                sent.map_err(io::Error::from)
            };
            match self.try_io(Interest::WRITABLE, send) {
                Ok(sent) => {
                    turn.made_progress();
                    return Poll::Ready(Ok(sent as u64));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error)
                    if [Errno::INVAL, Errno::NOSYS]
                        .map(Errno::raw_os_error)
                        .map(Some)
                        .contains(&error.raw_os_error()) =>
                {
                    return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Without libc, whose `send` may be a point of cancellation of a thread, which costs as much again.
    #[cfg(target_os = "linux")]
    #[inline]
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::net::{SendFlags, send};
        use tokio::io::Interest;

        self.try_io(Interest::WRITABLE, || Ok(send(self, bytes, SendFlags::NOSIGNAL)?))
    }

    fn spoil(&self) {
        // The worst that can come of a failure is an end that looks orderly.
        let _ = self.set_zero_linger();
    }
}
