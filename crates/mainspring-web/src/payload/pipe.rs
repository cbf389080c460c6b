//! The way of a request's body from its connection to whoever reads it.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use crate::error::Error;
use crate::http1::Refusal;

/// How much of a body is taken from the socket before it is read.
const ROOM: usize = 64 * 1024;

/// The connection's end of the pipe.
///
/// Both ends may be polled by one task, as when a handler reads its body, or by two, as when the handler has
/// handed the body on. Who polls with the connection's own waker is not woken but polled again by the
/// connection, which saves the trip through the scheduler.
pub(crate) struct Pipe(Arc<Mutex<State>>);

/// The reader's end: what stands behind a request's [`Body`](super::Body).
pub(crate) struct Incoming(Arc<Mutex<State>>);

/// Held for a few moves only; wakers run after it is released.
#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    /// Bytes in all pieces.
    size: usize,
    end: Option<End>,
    reader: Option<Waker>,
    connection: Option<Waker>,
    /// The body was asked for at least once.
    wanted: bool,
    /// The reader's end is gone.
    unread: bool,
}

/// What comes after the last piece.
enum End {
    Whole(Option<Box<HeaderMap>>),
    Broken(Refusal),
}

/// What the reader would have the connection do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The reader has not asked yet, but what comes may be put in.
    Room,
    /// The reader has asked for it.
    Wanted,
    /// The reader must take something out first.
    Full,
    /// There is no reader any more.
    Gone,
}

/// Whether the reader is a part of the task that put something in, and must be polled by it.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Here,
    Elsewhere,
}

pub(crate) fn pipe() -> (Pipe, Incoming) {
    let state = Arc::default();
    (Pipe(Arc::clone(&state)), Incoming(state))
}

impl Pipe {
    /// What the reader wants; whoever asks is woken when that changes.
    pub(crate) fn demand(&self, cx: &Context<'_>) -> Demand {
        let mut state = lock(&self.0);
        if !state.connection.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            state.connection = Some(cx.waker().clone());
        }
        match &*state {
            State { unread: true, .. } => Demand::Gone,
            State { size: ROOM.., .. } => Demand::Full,
            State { wanted: true, .. } => Demand::Wanted,
            _ => Demand::Room,
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        !lock(&self.0).unread
    }

    pub(crate) fn push(&self, cx: &Context<'_>, piece: Bytes) -> Reader {
        let mut state = lock(&self.0);
        state.size += piece.len();
        state.pieces.push_back(piece);
        tell(state, cx)
    }

    /// The body is whole.
    pub(crate) fn finish(self, cx: &Context<'_>, trailers: Option<HeaderMap>) -> Reader {
        self.end(cx, End::Whole(trailers.map(Box::new)))
    }

    /// The body will never be whole.
    pub(crate) fn fail(self, cx: &Context<'_>, refusal: Refusal) -> Reader {
        self.end(cx, End::Broken(refusal))
    }

    fn end(self, cx: &Context<'_>, end: End) -> Reader {
        let mut state = lock(&self.0);
        state.end = Some(end);
        tell(state, cx)
    }
}

/// The connection is gone, and the body with it.
impl Drop for Pipe {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        let reader = state.reader.take();
        if state.end.is_none() {
            state.end = Some(End::Broken(Refusal::bad("the connection ended within the body")));
        }
        state.connection = None;
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }
}

fn tell(mut state: MutexGuard<'_, State>, cx: &Context<'_>) -> Reader {
    let reader = state.reader.take();
    drop(state);
    match reader {
        Some(reader) if reader.will_wake(cx.waker()) => Reader::Here,
        Some(reader) => {
            reader.wake();
            Reader::Elsewhere
        }
        None => Reader::Elsewhere,
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut state = lock(&self.0);
        let mut news = !std::mem::replace(&mut state.wanted, true);
        let polled = if let Some(piece) = state.pieces.pop_front() {
            news |= state.size >= ROOM;
            state.size -= piece.len();
            Poll::Ready(Some(Ok(Frame::data(piece))))
        } else {
            match &mut state.end {
                None => {
                    state.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
                Some(End::Whole(trailers)) => Poll::Ready(trailers.take().map(|t| Ok(Frame::trailers(*t)))),
                Some(End::Broken(refusal)) => {
                    Poll::Ready(Some(Err(Error::new(refusal.status(), refusal.reason()))))
                }
            }
        };
        let connection = state.connection.as_ref().filter(|waker| news && !waker.will_wake(cx.waker()));
        let connection = connection.cloned();
        drop(state);
        connection.into_iter().for_each(Waker::wake);
        polled
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.unread = true;
        let pieces = std::mem::take(&mut state.pieces);
        state.size = 0;
        let connection = state.connection.take();
        drop(state);
        drop(pieces);
        connection.into_iter().for_each(Waker::wake);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("size", &lock(&self.0).size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use http_body::Body;

    use super::*;

    struct Silent;

    impl Wake for Silent {
        fn wake(self: Arc<Self>) {}
    }

    fn waker() -> Waker {
        Arc::new(Silent).into()
    }

    #[test]
    fn a_full_pipe_wants_nothing_until_it_is_read() {
        let (own, other) = (waker(), waker());
        let (mut own, mut other) = (Context::from_waker(&own), Context::from_waker(&other));
        let (pipe, mut body) = pipe();
        assert_eq!(pipe.demand(&own), Demand::Room);
        let _ = pipe.push(&own, Bytes::from(vec![0; ROOM]));
        assert_eq!(pipe.demand(&own), Demand::Full);
        assert!(Pin::new(&mut body).poll_frame(&mut other).is_ready());
        assert_eq!(pipe.demand(&own), Demand::Wanted);
        assert!(Pin::new(&mut body).poll_frame(&mut own).is_pending());
        assert_eq!(pipe.push(&own, Bytes::from("a")), Reader::Here);
    }

    #[test]
    fn a_body_whose_connection_is_gone_is_broken() {
        let own = waker();
        let (pipe, mut body) = pipe();
        drop(pipe);
        let frame = Pin::new(&mut body).poll_frame(&mut Context::from_waker(&own));
        assert!(matches!(frame, Poll::Ready(Some(Err(_)))));
    }

    #[test]
    fn an_error_stays_an_error() {
        let own = waker();
        let mut cx = Context::from_waker(&own);
        let (pipe, mut body) = pipe();
        let _ = pipe.fail(&cx, Refusal::bad("cut"));
        for _ in 0..2 {
            assert!(matches!(Pin::new(&mut body).poll_frame(&mut cx), Poll::Ready(Some(Err(_)))));
        }
    }
}
