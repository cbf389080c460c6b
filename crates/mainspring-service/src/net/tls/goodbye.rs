use std::io::{self, Write};

use tokio_rustls::TlsStream;

use crate::net::wire::Wire;

/// Tells the peer that the stream ends here, as far as that can be done without waiting.
///
/// What was written but not flushed goes out before it.
pub(in crate::net) fn goodbye(stream: &mut TlsStream<Wire>) {
    match stream {
        TlsStream::Server(stream) => {
            let (wire, session) = stream.get_mut();
            say(wire, session);
        }
        TlsStream::Client(stream) => {
            let (wire, session) = stream.get_mut();
            say(wire, session);
        }
    }
}

fn say<S>(wire: &Wire, session: &mut rustls::ConnectionCommon<S>) {
    session.send_close_notify();
    while session.wants_write() {
        match session.write_tls(&mut Now(wire)) {
            Ok(written) if written > 0 => {}
            // The peer takes no more, or is gone: it will see the socket's end.
            _ => return,
        }
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
