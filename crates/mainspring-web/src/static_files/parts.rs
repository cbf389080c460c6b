//! Several parts of a file in one answer (RFC 9110 §14.6).

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::lookup::Content;
use crate::error::Error;
use crate::payload::Body;
use crate::request::range::content_range;

/// The body of `multipart/byteranges` and its content type.
///
/// # Errors
///
/// When the file cannot be shared between the parts.
pub(super) fn multipart(
    content: Content,
    parts: &[Range<u64>],
    length: u64,
    content_type: &str,
) -> Result<(Body, String), Error> {
    // Nobody can choose a file's bytes so that they hold it.
    let boundary = format!("{:016x}", RandomState::new().hash_one(length));
    let mut pieces = VecDeque::new();
    let mut size = 0;
    for (index, part) in parts.iter().enumerate() {
        let start = if index == 0 { "" } else { "\r\n" };
        let range = content_range(part, length);
        let head =
            format!("{start}--{boundary}\r\ncontent-type: {content_type}\r\ncontent-range: {range}\r\n\r\n");
        size += head.len() as u64 + (part.end - part.start);
        pieces.push_back(Body::from(head));
        pieces.push_back(cut(&content, part.clone())?);
    }
    let end = format!("\r\n--{boundary}--\r\n");
    size += end.len() as u64;
    pieces.push_back(Body::from(end));
    Ok((Body::sized(size, Pieces(pieces)), format!("multipart/byteranges; boundary={boundary}")))
}

/// A part of the content as a body.
///
/// # Errors
///
/// When a second handle of the file cannot be had.
pub(super) fn cut(content: &Content, part: Range<u64>) -> Result<Body, Error> {
    Ok(match content {
        Content::Bytes(bytes) => {
            let (start, end) = (part.start as usize, (part.end as usize).min(bytes.len()));
            Body::from(bytes.slice(start.min(end)..end))
        }
        Content::File(file) => Body::file(file.try_clone()?, part),
    })
}

/// Bodies one after the other.
struct Pieces(VecDeque<Body>);

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(body) = self.0.front_mut() {
            if let Some(piece) = ready!(Pin::new(body).poll_next(cx)) {
                return Poll::Ready(Some(piece));
            }
            self.0.pop_front();
        }
        Poll::Ready(None)
    }
}
