//! The parts of a form, one after the other.

use std::fmt;

use bytes::Bytes;

use super::decoder::{Decoder, Event, malformed};

use super::limits::MultipartLimits;
use super::part::Part;
use crate::error::Error;
use crate::payload::Body;
use crate::request::form::wrong_type;
use crate::request::{FromRequest, OptionalFromRequest, Request, ViaRequest};

/// A form of type `multipart/form-data`, read part by part as it arrives.
///
/// Nothing but the piece at work is kept in memory. The limits are those of the app's
/// [`MultipartLimits`], and the body's for the whole. Whoever wants all fields at once takes a
/// [`MultipartForm`](crate::MultipartForm).
///
/// # Errors
///
/// 415 when the body is of another type, 400 when it names no boundary.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Error, Multipart};
///
/// async fn upload(mut form: Multipart) -> Result<String, Error> {
///     let mut report = String::new();
///     while let Some(mut part) = form.next().await? {
///         let mut size = 0;
///         while let Some(piece) = part.chunk().await? {
///             size += piece.len();
///         }
///         report += &format!("{}: {size} bytes\n", part.name());
///     }
///     Ok(report)
/// }
///
/// assert!(App::new().post("/upload", upload).build().is_ok());
/// ```
pub struct Multipart {
    body: Body,
    decoder: Decoder,
    limits: MultipartLimits,
    /// A part has begun and is not over.
    within: bool,
}

impl Multipart {
    /// The next part; what was not read of the one before is passed over. `None` after the last.
    ///
    /// # Errors
    ///
    /// 400 when the body is malformed or ends early, 413 when it is beyond a limit; those of
    /// [`Body::chunk`](crate::Body::chunk).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a part is either returned or still to come.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Error> {
        while self.data().await?.is_some() {}
        match self.event().await? {
            Event::Head(head) => {
                self.within = true;
                Ok(Some(Part::new(self, head)))
            }
            Event::Data(_) | Event::PartEnd | Event::End => Ok(None),
        }
    }

    /// The next piece of the part at work.
    pub(super) async fn data(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.within {
            return Ok(None);
        }
        if let Event::Data(data) = self.event().await? {
            return Ok(Some(data));
        }
        self.within = false;
        Ok(None)
    }

    pub(super) fn limits(&self) -> MultipartLimits {
        self.limits
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.decoder.next()? {
                return Ok(event);
            }
            match self.body.chunk().await? {
                Some(piece) => self.decoder.feed(piece),
                None => return Err(malformed("it ends early")),
            }
        }
    }
}

impl FromRequest<ViaRequest> for Multipart {
    async fn from_request(request: Request) -> Result<Self, Error> {
        const TYPE: &str = "multipart/form-data";
        match request.essence() {
            Some(essence) if essence == TYPE => {}
            essence => return Err(wrong_type(TYPE, essence.as_deref())),
        }
        let boundary = boundary(request.content_type().unwrap_or_default());
        let boundary = boundary.ok_or_else(|| malformed("the content type names no boundary"))?;
        let limits = request.state::<MultipartLimits>().copied().unwrap_or_default();
        let decoder = Decoder::new(boundary, limits);
        Ok(Self { body: request.into_body(), decoder, limits, within: false })
    }
}

/// `None` when there is neither a body nor a content type.
impl OptionalFromRequest for Multipart {
    async fn optional_from_request(request: Request) -> Result<Option<Self>, Error> {
        if request.is_without_body() {
            return Ok(None);
        }
        Self::from_request(request).await.map(Some)
    }
}

/// The boundary that a content type names: 1 to 70 characters (RFC 2046 §5.1.1).
fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) =
        parameters.into_iter().find(|(name, _)| name.trim_ascii().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim_ascii();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let valid = (1..=70).contains(&value.len()) && !value.ends_with(' ') && value.bytes().all(is_allowed);
    valid.then_some(value)
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::sync::mpsc;

    use super::*;

    /// A form whose body comes through a channel.
    async fn form() -> (mpsc::Sender<&'static str>, Multipart) {
        let (sender, mut receiver) = mpsc::channel(10);
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XX\r\n\r\n";
        let mut request = Request::sample(head, "");
        let pieces = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let pieces = futures_util::StreamExt::map(pieces, |piece: &str| Ok::<_, Error>(Bytes::from(piece)));
        *request.body_mut() = Body::stream(pieces);
        (sender, Multipart::from_request(request).await.expect("it is valid"))
    }

    const HEAD: &str = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn a_part_is_read_while_its_end_is_still_to_come() {
        let (sender, mut form) = form().await;
        sender.send(HEAD).await.unwrap();
        let mut part = form.next().await.unwrap().expect("a part has begun");
        sender.send("one").await.unwrap();
        assert_eq!(part.chunk().await.unwrap().unwrap(), "one");
        let wait = tokio::time::timeout(std::time::Duration::from_secs(1), part.chunk());
        assert!(wait.await.is_err(), "there is no more yet");
        sender.send("two\r\n--X").await.unwrap();
        assert_eq!(part.chunk().await.unwrap().unwrap(), "two");
        sender.send("X--").await.unwrap();
        assert_eq!(part.chunk().await.unwrap(), None);
        assert!(form.next().await.unwrap().is_none());
        assert!(form.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_end_of_the_body_within_a_part_is_an_error() {
        let (sender, mut form) = form().await;
        sender.send(HEAD).await.unwrap();
        sender.send("half").await.unwrap();
        drop(sender);
        let part = form.next().await.unwrap().expect("a part has begun");
        assert!(part.bytes().await.unwrap_err().to_string().ends_with("it ends early"));
    }

    #[tokio::test]
    async fn a_part_is_read_as_json() {
        let (sender, mut form) = form().await;
        for piece in [HEAD, "[1,", "2]\r\n", HEAD, "[1,\r\n--XX--"] {
            sender.send(piece).await.unwrap();
        }
        let part = form.next().await.unwrap().expect("a part has begun");
        assert_eq!(part.json::<Vec<u8>>().await.unwrap(), [1, 2]);
        let part = form.next().await.unwrap().expect("a part has begun");
        let error = part.json::<Vec<u8>>().await.unwrap_err();
        assert!(error.is_client() && error.to_string().starts_with("the part `a`: bad JSON"), "{error}");
    }

    #[test]
    fn the_boundary_is_read_and_checked() {
        let rows = [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("multipart/form-data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"a \"", None),
            ("multipart/form-data; boundary=a\u{e9}", None),
        ];
        for (content_type, expected) in rows {
            assert_eq!(boundary(content_type), expected, "{content_type}");
        }
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "a".repeat(71))), None);
    }
}
