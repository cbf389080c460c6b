//! Streamed bodies that something hangs on until their end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::error::Error;
use crate::payload::Body;

/// Looks on while a body is sent, and is dropped with it.
pub(super) trait Watcher: Send + Unpin + 'static {
    /// A piece was given out.
    fn piece(&mut self, _length: usize) -> Result<(), Error> {
        Ok(())
    }

    /// The last piece was given out, or an error.
    fn end(&mut self) {}

    /// Runs around each poll.
    fn around<R>(&mut self, poll: impl FnOnce() -> R) -> R {
        poll()
    }
}

/// A body and who watches it.
struct Attached<W> {
    body: Body,
    watcher: W,
}

/// Attaches a watcher to a body that is streamed.
pub(super) fn attach<W: Watcher>(body: Body, watcher: W) -> Body {
    let end = body.end();
    Body::erase(body.len(), Attached { body, watcher }).with_end(end)
}

impl<W: Watcher> http_body::Body for Attached<W> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Self { body, watcher } = &mut *self;
        let frame = ready!(watcher.around(|| Pin::new(body).poll_frame(cx)));
        Poll::Ready(match frame {
            Some(Ok(frame)) => match frame.data_ref().map_or(Ok(()), |data| watcher.piece(data.len())) {
                Ok(()) => Some(Ok(frame)),
                Err(error) => Some(Err(error)),
            },
            other => {
                watcher.end();
                other
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
