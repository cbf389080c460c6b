use std::io::{self, Write};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use mainspring_task::{cancel, task};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::Handle;
use tokio_rustls::TlsStream;

use crate::net::wire::Wire;

/// A TLS stream that says goodbye when it goes: a peer must be able to tell the end of a stream from one
/// that broke off.
#[derive(Debug)]
pub(in crate::net) struct Encrypted(Option<TlsStream<Metered>>);

/// A socket that knows whether something moved over it. Of a TLS stream that cannot be told: a record may
/// come in many parts, and is given when it is whole.
#[derive(Debug)]
pub(in crate::net) struct Metered {
    wire: Wire,
    moved: bool,
}

impl Encrypted {
    pub(super) fn new(stream: impl Into<TlsStream<Metered>>) -> Self {
        Encrypted(Some(stream.into()))
    }

    pub(in crate::net) fn wire(&self) -> &Wire {
        &self.get_ref().0.wire
    }

    /// Bytes of it have moved over the socket since this was asked last.
    pub(in crate::net) fn has_moved(&mut self) -> bool {
        let metered = match &mut **self {
            TlsStream::Server(stream) => stream.get_mut().0,
            TlsStream::Client(stream) => stream.get_mut().0,
        };
        std::mem::take(&mut metered.moved)
    }
}

impl Deref for Encrypted {
    type Target = TlsStream<Metered>;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().expect("it is there until the drop")
    }
}

impl DerefMut for Encrypted {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.as_mut().expect("it is there until the drop")
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let Some(mut stream) = self.0.take() else { return };
        let rest = match &mut stream {
            TlsStream::Server(stream) => {
                let (metered, session) = stream.get_mut();
                rest(&metered.wire, session)
            }
            TlsStream::Client(stream) => {
                let (metered, session) = stream.get_mut();
                rest(&metered.wire, session)
            }
        };
        if rest && Handle::try_current().is_ok() {
            cancel::rescue(task::Builder::new().name("end of a TLS stream"), finish(stream));
        }
    }
}

/// Writes what the socket takes at once: what was not flushed, then the goodbye. True when a peer that is
/// still there is to get more.
fn rest<S>(wire: &Wire, session: &mut rustls::ConnectionCommon<S>) -> bool {
    session.send_close_notify();
    while session.wants_write() {
        match session.write_tls(&mut Now(wire)) {
            Ok(written) if written > 0 => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            _ => return false,
        }
    }
    false
}

/// Writes the rest as the peer takes it.
async fn finish(mut stream: TlsStream<Metered>) {
    if let Err(error) = stream.shutdown().await {
        tracing::debug!(%error, "the end of a TLS stream did not reach the peer");
    }
}

/// Writes what the socket takes at once.
struct Now<'a>(&'a Wire);

impl Write for Now<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<Wire> for Metered {
    fn from(wire: Wire) -> Self {
        Metered { wire, moved: false }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.wire).poll_read(cx, buffer);
        self.moved |= attempt.is_ready();
        attempt
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.wire).poll_write(cx, bytes);
        self.moved |= attempt.is_ready();
        attempt
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.wire).poll_write_vectored(cx, slices);
        self.moved |= attempt.is_ready();
        attempt
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
