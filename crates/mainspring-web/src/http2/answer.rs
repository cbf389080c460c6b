//! Sends an answer on a stream.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::{HeaderValue, StatusCode, header};
use http_body::Body as _;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::Error;
use crate::payload::Body;
use crate::response::{IntoResponse, Response};
use crate::server::Site;

/// Most of a body that is handed to the connection at once.
const PIECE: usize = 16 * 1024;

/// Sends the head and, unless the request or the status forbids it, the body.
///
/// # Errors
///
/// When the client resets the stream or takes too long, or the body fails.
pub(super) async fn send(
    mut respond: SendResponse<Bytes>,
    mut response: Response,
    head_only: bool,
    site: &Site,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Error> {
    if response.body().is_upgrade() {
        tracing::error!("an answer hands the connection over, which HTTP/2 does not know");
        response = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response();
    }
    let status = response.status();
    let bodiless = head_only
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT);
    let (mut parts, body) = response.into_http().into_parts();
    if let Ok(date) = HeaderValue::from_bytes(&site.clock.date()) {
        parts.headers.insert(header::DATE, date);
    }
    let length = body.len();
    let ends = bodiless || length == Some(0);
    let mut head = http::Response::new(());
    *head.status_mut() = parts.status;
    *head.headers_mut() = parts.headers;
    let mut stream = respond.send_response(head, ends)?;
    if ends {
        return Ok(());
    }
    let sent = send_body(&mut stream, body, length, site, &mut stopped).await;
    if sent.is_err() {
        // The client must not take what it has for the whole.
        stream.send_reset(Reason::INTERNAL_ERROR);
    }
    sent
}

async fn send_body(
    stream: &mut SendStream<Bytes>,
    mut body: Body,
    length: Option<u64>,
    site: &Site,
    stopped: &mut watch::Receiver<bool>,
) -> Result<(), Error> {
    let mut left = length;
    while let Some(frame) = next(stream, &mut body, stopped).await? {
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    whole(left)?;
                    return Ok(stream.send_trailers(trailers)?);
                }
                continue;
            }
        };
        if let Some(left) = &mut left {
            let more = left.checked_sub(data.len() as u64);
            *left = more.ok_or_else(|| Error::internal("the body is longer than its length says"))?;
        }
        while !data.is_empty() {
            let room = reserve(stream, data.len().min(PIECE), site).await?;
            let piece = data.split_to(room.min(data.len()));
            stream.send_data(piece, false)?;
        }
    }
    whole(left)?;
    Ok(stream.send_data(Bytes::new(), true)?)
}

/// The next frame; an endless body ends with the server, any body with its stream.
async fn next(
    stream: &mut SendStream<Bytes>,
    body: &mut Body,
    stopped: &mut watch::Receiver<bool>,
) -> Result<Option<http_body::Frame<Bytes>>, Error> {
    let mut stopping = pin!(stopped.wait_for(|stopped| *stopped));
    poll_fn(|cx| {
        if body.is_endless() && stopping.as_mut().poll(cx).is_ready() {
            body.finish();
        }
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
            return Poll::Ready(frame.transpose());
        }
        if let Poll::Ready(reset) = stream.poll_reset(cx) {
            return Poll::Ready(Err(gone(reset)));
        }
        Poll::Pending
    })
    .await
}

/// Waits until the client takes some of `wanted` bytes.
async fn reserve(stream: &mut SendStream<Bytes>, wanted: usize, site: &Site) -> Result<usize, Error> {
    stream.reserve_capacity(wanted);
    let room = poll_fn(|cx| match stream.poll_reset(cx) {
        Poll::Ready(reset) => Poll::Ready(Err(gone(reset))),
        Poll::Pending if stream.capacity() > 0 => Poll::Ready(Ok(stream.capacity())),
        Poll::Pending => match stream.poll_capacity(cx) {
            Poll::Ready(Some(Ok(0))) | Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(room))) => Poll::Ready(Ok(room)),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Err(error.into())),
            Poll::Ready(None) => Poll::Ready(Err(Error::internal("the stream is closed"))),
        },
    });
    match timeout(site.timeouts.write, room).await {
        Ok(room) => room,
        Err(_) => Err(Error::internal("the client takes nothing of the answer")),
    }
}

fn gone(reset: Result<Reason, h2::Error>) -> Error {
    match reset {
        Ok(reason) => Error::internal(format!("the client reset the stream: {reason}")),
        Err(error) => error.into(),
    }
}

fn whole(left: Option<u64>) -> Result<(), Error> {
    match left {
        None | Some(0) => Ok(()),
        Some(_) => Err(Error::internal("the body is shorter than its length says")),
    }
}
