//! Receiving and sending by the system's own calls.
//!
//! In a process of several threads the C library makes its `recv` and `send` points at which a thread can be
//! cancelled, which costs each call about as much again as all else that it does in the program.

use std::io;
use std::mem::forget;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::{Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::coop;

/// A socket that knows when it is ready.
pub trait Socket: AsFd {
    /// Runs a call if the socket is ready for it; `WouldBlock` from the call says that it is no longer.
    #[doc(hidden)]
    fn try_io(&self, interest: Interest, call: impl FnOnce() -> io::Result<()>) -> io::Result<()>;

    /// Has the task woken when the socket is ready.
    #[doc(hidden)]
    fn poll_ready(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

macro_rules! sockets {
    ($($stream:ty)*) => {$(
        impl Socket for $stream {
            #[inline(always)]
            fn try_io(&self, interest: Interest, call: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
                self.try_io(interest, call)
            }

            #[inline(always)]
            fn poll_ready(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                if interest.is_readable() { self.poll_read_ready(cx) } else { self.poll_write_ready(cx) }
            }
        }
    )*};
}

sockets! { TcpStream UnixStream }

/// What is left of a buffer, if all of it has been written to before, as that of a plain slice has: to write zeros
/// into fresh memory would cost more than it spares.
#[inline]
pub fn room<'a>(buffer: &'a mut ReadBuf<'_>) -> Option<&'a mut [u8]> {
    (buffer.initialized().len() == buffer.capacity()).then(|| buffer.initialize_unfilled())
}

/// Receives into `room`; gives how many bytes came, none at the end of the stream.
///
/// One task may receive at a time, as with `poll_read` of the socket itself.
///
/// # Errors
///
/// Those of the system's `recv`.
#[inline]
pub fn poll_receive(socket: &impl Socket, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
    loop {
        let mut done = None;
        let call = || {
            // Asked for in here, so that it is asked for once: the wait below asks too.
            let Poll::Ready(turn) = coop::poll_proceed(cx) else {
                done = Some(Poll::Pending);
                return Ok(());
            };
            match recv(socket, &mut *room, RecvFlags::empty()) {
                Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::WouldBlock.into()),
                Err(error) => {
                    turn.made_progress();
                    done = Some(Poll::Ready(Err(error.into())));
                    Ok(())
                }
                Ok((count, _)) => {
                    turn.made_progress();
                    done = Some(Poll::Ready(Ok(count)));
                    after(count, room.len())
                }
            }
        };
        // What came of it is left in `done`: what the call gives says only whether there may be more. It holds nothing
        // to be dropped, which need not be looked at.
        forget(socket.try_io(Interest::READABLE, call));
        match done {
            Some(done) => return done,
            None => ready!(socket.poll_ready(Interest::READABLE, cx))?,
        }
    }
}

/// A call that moved only a part has come to the end of what there was, and there is no need to learn that from
/// another that fails: the readiness that was there before the call is taken back.
#[inline(always)]
fn after(moved: usize, length: usize) -> io::Result<()> {
    if 0 < moved && moved < length { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
}

/// Sends from the front of `bytes`; gives how many went.
///
/// One task may send at a time, as with `poll_write` of the socket itself.
///
/// # Errors
///
/// Those of the system's `send`.
#[inline]
pub fn poll_send(socket: &impl Socket, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        // A socket is ready to send more often than not: unlike above, the turn is seldom asked for twice.
        let turn = ready!(coop::poll_proceed(cx));
        let mut done = None;
        let call = || match send(socket, bytes, SendFlags::NOSIGNAL) {
            Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::WouldBlock.into()),
            Err(error) => {
                done = Some(Err(error.into()));
                Ok(())
            }
            Ok(count) => {
                done = Some(Ok(count));
                after(count, bytes.len())
            }
        };
        forget(socket.try_io(Interest::WRITABLE, call));
        if let Some(done) = done {
            turn.made_progress();
            return Poll::Ready(done);
        }
        drop(turn);
        ready!(socket.poll_ready(Interest::WRITABLE, cx))?;
    }
}
