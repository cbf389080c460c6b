//! The bytes of a body, here or still to come.

use std::fmt;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use sync_wrapper::SyncWrapper;

use super::endless::{End, Endless};
use super::file::FileBody;
use super::stream::{Streamed, Wrapped};
use super::upgrade::OnUpgrade;
use crate::error::{BoxError, Error};

/// The body of a request or an answer: bytes in memory, a stream of them, or a part of a file.
///
/// Bytes in memory keep what they were made from, so a constant, a `String` and a `Vec` cost no conversion.
/// A stream is polled only as fast as the other side takes it.
///
/// A request's body is in memory when it arrived together with its head, else it is a stream. Whoever wants it
/// whole calls [`collect`](Self::collect); whoever wants it piece by piece calls [`chunk`](Self::chunk). Either
/// way it is bounded by [`Limits::body`](crate::Limits::body).
///
/// Of a body that is not read, 64 KiB are taken from the client, which is then held up. A body may be read by
/// another task, and also after the answer: the connection goes on to the next request when it is at its end.
/// One that is dropped unread is skipped if it is small; else the connection ends after the answer.
///
/// It is a body of the `http-body` crate too, and [`Body::wrap`] takes any such body.
///
/// # Examples
///
/// ```
/// use mainspring_web::Body;
///
/// assert_eq!(Body::from("Meow.").as_bytes(), Some(&b"Meow."[..]));
/// assert_eq!(Body::empty().len(), Some(0));
/// ```
pub struct Body(pub(super) Inner);

pub(super) enum Inner {
    Static(&'static [u8]),
    Owned(Vec<u8>),
    Shared(Bytes),
    Stream(Extent, SyncWrapper<Erased>),
    File(Box<FileBody>),
    Upgrade(SyncWrapper<OnUpgrade>),
}

/// How much a stream will give.
#[derive(Debug)]
pub(super) enum Extent {
    Known(u64),
    Unknown,
    Endless(End),
}

type Erased = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send>>;

/// How the server writes a body.
pub(crate) enum Source {
    Bytes(Body),
    Stream(Body),
    File(Box<FileBody>),
    Upgrade(OnUpgrade),
}

impl Body {
    /// A body without bytes.
    pub const fn empty() -> Self {
        Self(Inner::Static(&[]))
    }

    /// A body whose pieces come from a stream and whose length is not known before its end.
    ///
    /// An error ends the connection, so that the other side sees that the body is not whole.
    ///
    /// ```
    /// # use mainspring_web::{Body, Error};
    /// let numbers = futures_util::stream::iter((0..3).map(|n| Ok::<_, Error>(n.to_string())));
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// assert_eq!(Body::stream(numbers).collect().await.unwrap(), "012");
    /// # });
    /// ```
    pub fn stream<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Error>,
    {
        Self::erase(None, Streamed::new(stream))
    }

    /// A body whose pieces come from a stream and whose length is known.
    ///
    /// A stream that gives more or less than `length` bytes ends the connection.
    pub fn sized<S, T, E>(length: u64, stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Error>,
    {
        Self::erase(Some(length), Streamed::new(stream))
    }

    /// A body whose stream goes on for ever, as far as it knows: events, a feed. It ends where it stands when the
    /// server stops, so that it does not hold the stop up.
    ///
    /// So does what middlewares, [`Response::map_body`](crate::Response::map_body) and tower layers put around it:
    /// they see its end, and give what they hold back.
    pub fn endless<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Into<Bytes>,
        E: Into<Error>,
    {
        let end = End::default();
        Self::erase(None, Endless::new(Streamed::new(stream), end.clone())).with_end(Some(end))
    }

    /// A part of an open file, from `range.start` to before `range.end`.
    ///
    /// The server hands it from the file to the socket inside the kernel where it can; else it is read in
    /// pieces on the blocking pool.
    pub fn file(file: std::fs::File, range: Range<u64>) -> Self {
        Self(Inner::File(Box::new(FileBody::new(file, range))))
    }

    /// Any body of the `http-body` crate: what other frameworks have.
    pub fn wrap<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self::wrap_sized(None, body)
    }

    /// The same, with a length for a body that does not know it itself.
    pub(crate) fn wrap_sized<B>(length: Option<u64>, body: B) -> Self
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let mut body = Some(body);
        let any: &mut dyn std::any::Any = &mut body;
        if let Some(ours) = any.downcast_mut::<Option<Self>>() {
            return ours.take().unwrap_or_default();
        }
        body.map_or_else(Self::empty, |body| {
            Self::erase(body.size_hint().exact().or(length), Wrapped::new(body))
        })
    }

    /// What takes the connection over once the head of a `101 Switching Protocols` is out.
    pub(crate) fn upgrade(on_upgrade: OnUpgrade) -> Self {
        Self(Inner::Upgrade(SyncWrapper::new(on_upgrade)))
    }

    pub(crate) fn erase(
        length: Option<u64>,
        body: impl http_body::Body<Data = Bytes, Error = Error> + Send + 'static,
    ) -> Self {
        let extent = length.map_or(Extent::Unknown, Extent::Known);
        Self(Inner::Stream(extent, SyncWrapper::new(Box::pin(body))))
    }

    /// The bytes, when they are in memory.
    #[inline]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Static(bytes) => Some(bytes),
            Inner::Owned(bytes) => Some(bytes),
            Inner::Shared(bytes) => Some(bytes),
            Inner::Stream(..) | Inner::File(_) | Inner::Upgrade(_) => None,
        }
    }

    /// Number of bytes, when it is known before the body has been read.
    #[inline]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Inner::Static(bytes) => Some(bytes.len() as u64),
            Inner::Owned(bytes) => Some(bytes.len() as u64),
            Inner::Shared(bytes) => Some(bytes.len() as u64),
            Inner::Stream(Extent::Known(length), _) => Some(*length),
            Inner::Stream(..) => None,
            Inner::File(file) => Some(file.len()),
            Inner::Upgrade(_) => Some(0),
        }
    }

    /// Whether it is known that there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Takes the next piece; `None` after the last one. Trailers are passed over.
    ///
    /// # Errors
    ///
    /// When the body cannot be read to its end: the client went away (400), was too slow (408) or sends more
    /// than the limit (413); or what the stream gives.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a piece is either returned or still to come.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *self), cx)).await {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// Reads the whole body; copies nothing that is in memory already.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk).
    ///
    /// # Cancel safety
    ///
    /// What was read is lost.
    pub async fn collect(mut self) -> Result<Bytes, Error> {
        if self.as_bytes().is_some() {
            return Ok(self.take_bytes());
        }
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut whole = BytesMut::with_capacity(first.len() + second.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&second);
        while let Some(piece) = self.chunk().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// How the server writes it.
    pub(crate) fn into_source(self) -> Source {
        match self.0 {
            Inner::Stream(..) => Source::Stream(self),
            Inner::File(file) => Source::File(file),
            Inner::Upgrade(on_upgrade) => Source::Upgrade(on_upgrade.into_inner()),
            whole => Source::Bytes(Self(whole)),
        }
    }

    /// Whether the pieces come from a stream, so that their end is worth waiting for.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.0, Inner::Stream(..))
    }

    /// Says that it ends when the server stops, as the body within does.
    pub(crate) fn with_end(mut self, end: Option<End>) -> Self {
        if let (Some(end), Inner::Stream(extent @ Extent::Unknown, _)) = (end, &mut self.0) {
            *extent = Extent::Endless(end);
        }
        self
    }

    /// What ends it when the server stops, if it has no end of its own.
    pub(crate) fn end(&self) -> Option<End> {
        match &self.0 {
            Inner::Stream(Extent::Endless(end), _) => Some(end.clone()),
            _ => None,
        }
    }

    /// Whether it ends when the server stops.
    pub(crate) fn is_endless(&self) -> bool {
        matches!(self.0, Inner::Stream(Extent::Endless(_), _))
    }

    /// The server stops: from now on it has an end, which is here or, when others hold something back, near.
    pub(crate) fn finish(&mut self) {
        if let Inner::Stream(extent @ Extent::Endless(_), _) = &mut self.0
            && let Extent::Endless(end) = std::mem::replace(extent, Extent::Unknown)
        {
            end.give();
        }
    }

    pub(crate) fn is_upgrade(&self) -> bool {
        matches!(self.0, Inner::Upgrade(_))
    }

    /// The bytes that are in memory, as a shared slice; copies nothing.
    pub(crate) fn take_bytes(&mut self) -> Bytes {
        match std::mem::replace(&mut self.0, Inner::Static(&[])) {
            Inner::Static(bytes) => Bytes::from_static(bytes),
            Inner::Owned(bytes) => bytes.into(),
            Inner::Shared(bytes) => bytes,
            coming => {
                self.0 = coming;
                Bytes::new()
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.0 {
            Inner::Stream(_, stream) => stream.get_mut().as_mut().poll_frame(cx),
            Inner::File(file) => {
                let read = ready!(file.poll_read(cx));
                Poll::Ready(read.map(|piece| piece.map(Frame::data).map_err(Error::from)))
            }
            _ => {
                let bytes = self.take_bytes();
                Poll::Ready(if bytes.is_empty() { None } else { Some(Ok(Frame::data(bytes))) })
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.len().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The whole of a body as a stream of its pieces.
impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(http_body::Body::poll_frame(self.as_mut(), cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Stream(extent, _) => f.debug_tuple("Stream").field(extent).finish(),
            Inner::File(file) => f.debug_tuple("File").field(&file.len()).finish(),
            Inner::Upgrade(_) => f.write_str("Upgrade"),
            _ => f
                .debug_tuple("Bytes")
                .field(&self.as_bytes().unwrap_or_default().escape_ascii().to_string())
                .finish(),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(count: u8) -> impl Stream<Item = Result<Vec<u8>, Error>> {
        futures_util::stream::iter((0..count).map(|n| Ok(vec![n; 2])))
    }

    #[tokio::test]
    async fn a_stream_is_collected_in_order() {
        let body = Body::stream(pieces(3));
        assert_eq!(body.len(), None);
        assert_eq!(body.collect().await.unwrap(), [0, 0, 1, 1, 2, 2].as_slice());
    }

    #[tokio::test]
    async fn a_whole_body_gives_one_chunk() {
        let mut body = Body::from("Meow.");
        assert_eq!(body.chunk().await.unwrap().as_deref(), Some(&b"Meow."[..]));
        assert_eq!(body.chunk().await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_error_of_a_stream_comes_out_with_its_status() {
        let body = Body::stream(futures_util::stream::iter([Ok("a"), Err(Error::bad_request("cut"))]));
        assert_eq!(body.collect().await.unwrap_err().status(), http::StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn an_error_keeps_its_status_through_a_foreign_body() {
        let body = Body::stream(futures_util::stream::iter([Err::<&str, _>(Error::bad_request("cut"))]));
        assert_eq!(Body::wrap(body).collect().await.unwrap_err().status(), http::StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_body_may_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Body>();
    }
}
