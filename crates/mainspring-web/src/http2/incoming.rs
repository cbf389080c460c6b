//! The body of a request as it comes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use http::StatusCode;
use http_body::Frame;
use tokio::time::{Instant, Sleep};

use crate::error::Error;
use crate::payload::Body;
use crate::server::Site;

/// A body within the limits of its route and the patience of the server.
pub(super) struct Incoming {
    stream: RecvStream,
    site: Arc<Site>,
    /// Bytes that may still come.
    allowance: u64,
    /// When the reading began, and how much has come since.
    since: Option<Instant>,
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Trailers,
    Done,
}

impl Incoming {
    /// The body of a request of at most `limit` bytes.
    pub(super) fn body(stream: RecvStream, site: Arc<Site>, limit: u64, length: Option<u64>) -> Body {
        if stream.is_end_stream() {
            return Body::empty();
        }
        let state = State::Data;
        let incoming = Self { stream, site, allowance: limit, since: None, received: 0, timer: None, state };
        Body::erase(length, incoming)
    }

    /// Ready when the client takes too long, on the whole or for the next piece.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let timeouts = &self.site.timeouts;
        let timer = self.timer.get_or_insert_with(|| {
            // What arrived faster than it must gives no right to be slower later: the present counts at most.
            let earned = Duration::from_secs(self.received / u64::from(timeouts.body_rate.max(1)));
            Box::pin(tokio::time::sleep_until(now.min(since + earned) + timeouts.body))
        });
        timer.as_mut().poll(cx)
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.state = State::Done;
        Poll::Ready(Some(Err(error)))
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.state == State::Data {
            let Poll::Ready(next) = self.stream.poll_data(cx) else {
                ready!(self.poll_patience(cx));
                return self.fail(Error::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"));
            };
            self.timer = None;
            match next {
                Some(Ok(data)) => return self.take(data),
                Some(Err(error)) => return self.fail(broken(&error)),
                None => self.state = State::Trailers,
            }
        }
        if self.state == State::Trailers {
            let trailers = ready!(self.stream.poll_trailers(cx));
            self.state = State::Done;
            return match trailers {
                Ok(trailers) => Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers)))),
                Err(error) => self.fail(broken(&error)),
            };
        }
        Poll::Ready(None)
    }
}

impl Incoming {
    fn take(&mut self, data: Bytes) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let length = data.len();
        self.received += length as u64;
        let Some(allowance) = self.allowance.checked_sub(length as u64) else {
            return self.fail(too_large());
        };
        self.allowance = allowance;
        // Taken by whoever reads: the client may send as much again.
        let _unless_reset = self.stream.flow_control().release_capacity(length);
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

pub(super) fn too_large() -> Error {
    Error::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit")
}

fn broken(error: &h2::Error) -> Error {
    Error::bad_request(format!("the body is not whole: {error}"))
}
