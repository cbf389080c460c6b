use std::io::{self, IoSlice};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
#[cfg(windows)]
use std::os::windows::io::{AsSocket, BorrowedSocket};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

use super::Peer;
use super::counters::Traffic;
use super::idle::{Direction, Idle};
use super::tls::{Encrypted, Version};
use super::wire::Wire;

/// A connection of any kind: TCP or Unix, plain or TLS.
///
/// Reading and writing is all a handler needs to know of it; what lies below costs a branch, and no
/// allocation unless it is TLS. With [`Options::idle`](super::Options::idle), a read or a write that
/// waits fails with [`TimedOut`](io::ErrorKind::TimedOut) once no byte has moved in either direction for
/// so long; the time a handler spends on other things does not count.
///
/// Dropping it tells a TLS peer that the stream ends here, unless a panic drops it. What was written to a
/// TLS peer that does not take it at once goes on its way in a task, within the
/// [grace](mainspring_task::cancel::grace) of a cleanup: only a flush tells that all of it is out. As a file descriptor, on
/// Windows as a socket, it is the socket below, for options of the socket.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    peer: Peer,
    idle: Option<Idle>,
    traffic: Option<Traffic>,
}

#[derive(Debug)]
enum Stream {
    Plain(Wire),
    Tls(Box<Encrypted>),
}

impl Connection {
    pub(super) fn plain(wire: Wire, peer: Peer) -> Self {
        Connection { stream: Stream::Plain(wire), peer, idle: None, traffic: None }
    }

    pub(super) fn tls(stream: Encrypted, peer: Peer) -> Self {
        let stream = Stream::Tls(Box::new(stream));
        Connection { stream, peer, idle: None, traffic: None }
    }

    pub(super) fn with_idle(mut self, limit: Option<Duration>) -> Self {
        self.idle = limit.map(Idle::new);
        self
    }

    pub(super) fn counted(mut self, traffic: Traffic) -> Self {
        self.traffic = Some(traffic);
        self
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What it says is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.session().is_some()
    }

    /// The version of TLS that was agreed on.
    #[must_use]
    pub fn tls_version(&self) -> Option<Version> {
        self.session()?.protocol_version().and_then(Version::of)
    }

    /// The protocol that was agreed on in the TLS handshake, such as `h2`.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.session()?.alpn_protocol()
    }

    /// The name by which a TLS client asked for this server.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        match &self.stream {
            Stream::Tls(stream) => match &***stream {
                TlsStream::Server(stream) => stream.get_ref().1.server_name(),
                TlsStream::Client(_) => None,
            },
            Stream::Plain(_) => None,
        }
    }

    /// The certificate that the peer has shown and that was found good, in DER.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.session()?.peer_certificates()?.first().map(AsRef::as_ref)
    }

    fn session(&self) -> Option<&rustls::CommonState> {
        match &self.stream {
            Stream::Tls(stream) => Some(stream.get_ref().1),
            Stream::Plain(_) => None,
        }
    }

    fn wire(&self) -> &Wire {
        match &self.stream {
            Stream::Plain(wire) => wire,
            Stream::Tls(stream) => stream.wire(),
        }
    }

    /// Counts what an attempt to write gave, and lets the idle clock see it.
    fn written(&mut self, cx: &mut Context<'_>, attempt: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Poll::Ready(Ok(bytes)), Some(traffic)) = (&attempt, &mut self.traffic) {
            traffic.sent(*bytes);
        }
        self.watched(cx, Direction::Out, attempt)
    }

    /// Lets the idle clock see what an attempt gave.
    #[inline(always)]
    fn watched<T>(
        &mut self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.idle.is_none() { attempt } else { self.timed(cx, direction, attempt) }
    }

    #[inline(never)]
    fn timed<T>(
        &mut self,
        cx: &mut Context<'_>,
        direction: Direction,
        attempt: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let Some(idle) = &mut self.idle else { return attempt };
        let moved = match &mut self.stream {
            Stream::Plain(_) => attempt.is_ready(),
            Stream::Tls(stream) => stream.has_moved(),
        };
        match idle.watch(cx, direction, attempt.is_pending(), moved) {
            Ok(()) => attempt,
            Err(error) => {
                // Whoever waits for the other direction may have begun later: this ends that wait too.
                self.wire().cut();
                Poll::Ready(Err(error))
            }
        }
    }

    /// The bare socket; `None` when it is encrypted.
    pub(super) fn into_wire(self) -> Option<Wire> {
        match self.stream {
            Stream::Plain(wire) => Some(wire),
            Stream::Tls(_) => None,
        }
    }
}

#[cfg(unix)]
impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire().as_fd()
    }
}

#[cfg(windows)]
impl AsSocket for Connection {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.wire().as_socket()
    }
}

impl AsyncRead for Connection {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // The way of most reads, a short one.
        #[cfg(target_os = "linux")]
        if let Stream::Plain(wire) = &this.stream
            && let Some(room) = super::transfer::room(buffer)
        {
            let attempt = wire.poll_receive(cx, room);
            if let Poll::Ready(Ok(count)) = attempt {
                buffer.advance(count);
                if let Some(traffic) = &mut this.traffic {
                    traffic.received(count);
                }
            }
            return this.watched(cx, Direction::In, attempt.map_ok(|_| ()));
        }
        let before = buffer.filled().len();
        let attempt = match &mut this.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(&mut ***stream).poll_read(cx, buffer),
        };
        if let Some(traffic) = &mut this.traffic {
            traffic.received(buffer.filled().len() - before);
        }
        this.watched(cx, Direction::In, attempt)
    }
}

impl AsyncWrite for Connection {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let attempt = match &mut this.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(&mut ***stream).poll_write(cx, bytes),
        };
        this.written(cx, attempt)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let attempt = match &mut this.stream {
            Stream::Plain(wire) => Pin::new(wire).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(&mut ***stream).poll_write_vectored(cx, slices),
        };
        this.written(cx, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let attempt = match &mut this.stream {
            // Neither waits nor moves a byte.
            Stream::Plain(wire) => return Pin::new(wire).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(&mut ***stream).poll_flush(cx),
        };
        this.watched(cx, Direction::Out, attempt)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let attempt = match &mut this.stream {
            Stream::Plain(wire) => return Pin::new(wire).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(&mut ***stream).poll_shutdown(cx),
        };
        this.watched(cx, Direction::Out, attempt)
    }
}
