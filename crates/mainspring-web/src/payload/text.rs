//! Text and HTML.

use super::body::Body;
use super::content_type::ContentType;
use crate::error::Error;
use crate::request::{FromRequest, OptionalFromRequest, Request, ViaRequest};
use crate::response::{IntoResponse, Response};

/// Text: as an answer of type `text/plain; charset=utf-8`, as an extractor (`Text<String>`) the request's body,
/// decoded by the `charset` of its content type (by default UTF-8; a byte order mark is dropped).
///
/// # Errors
///
/// As an extractor it refuses a charset that is not in the Encoding Standard with 415, and bytes that are no text
/// in it with 400.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, IntoResponse, Text};
///
/// async fn shout(Text(text): Text<String>) -> Text<String> {
///     Text(text.to_uppercase())
/// }
///
/// assert!(App::new().post("/shout", shout).build().is_ok());
/// let response = Text("Meow.").into_response();
/// assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<T>(pub T);

/// An answer of type `text/html; charset=utf-8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html<T>(pub T);

impl<T: Into<Body>> IntoResponse for Text<T> {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Text, self.0.into())
    }
}

impl<T: Into<Body>> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        Response::typed(ContentType::Html, self.0.into())
    }
}

impl FromRequest<ViaRequest> for Text<String> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let charset = Charset::of(request.content_type())?;
        let body = request.into_body().collect().await?;
        charset.decode(&body).map(Self)
    }
}

/// `None` when there is neither a body nor a content type.
impl OptionalFromRequest for Text<String> {
    async fn optional_from_request(request: Request) -> Result<Option<Self>, Error> {
        if request.is_without_body() {
            return Ok(None);
        }
        Self::from_request(request).await.map(Some)
    }
}

pub(crate) use charset::Charset;

#[cfg(feature = "charset")]
mod charset {
    use encoding_rs::{Encoding, UTF_8};

    use super::{Error, declared, unknown};

    /// How bytes stand for letters.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Charset(&'static Encoding);

    impl Charset {
        /// What a content type says.
        ///
        /// # Errors
        ///
        /// 415 when it is unknown.
        pub(crate) fn of(content_type: Option<&str>) -> Result<Self, Error> {
            match declared(content_type) {
                None => Ok(Self(UTF_8)),
                Some(label) => Encoding::for_label(label.as_bytes()).map(Self).ok_or_else(|| unknown(&label)),
            }
        }

        /// Decodes all of a text.
        ///
        /// # Errors
        ///
        /// 400 when the bytes are no text in this charset.
        pub(crate) fn decode(self, bytes: &[u8]) -> Result<String, Error> {
            let (text, bad) = self.0.decode_with_bom_removal(bytes);
            if bad {
                return Err(Error::bad_request(format!("the text is not valid {}", self.0.name())));
            }
            Ok(text.into_owned())
        }
    }
}

#[cfg(not(feature = "charset"))]
mod charset {
    use super::{Error, declared, unknown};

    /// UTF-8, and what is a part of it.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Charset;

    impl Charset {
        pub(crate) fn of(content_type: Option<&str>) -> Result<Self, Error> {
            match declared(content_type) {
                Some(label) if !["utf-8", "utf8", "us-ascii"].contains(&label.as_str()) => {
                    Err(unknown(&label))
                }
                _ => Ok(Self),
            }
        }

        pub(crate) fn decode(self, bytes: &[u8]) -> Result<String, Error> {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text =
                std::str::from_utf8(bytes).map_err(|_| Error::bad_request("the text is not valid UTF-8"))?;
            Ok(text.to_owned())
        }
    }
}

/// The `charset` parameter of a content type, in lower case.
fn declared(content_type: Option<&str>) -> Option<String> {
    let parameters = content_type?.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) =
        parameters.into_iter().find(|(name, _)| name.trim_ascii().eq_ignore_ascii_case("charset"))?;
    Some(value.trim_ascii().trim_matches('"').to_ascii_lowercase())
}

#[cold]
fn unknown(label: &str) -> Error {
    let message = format!("the charset {label:?} is unknown");
    Error::new(http::StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn read(content_type: &str, body: &'static [u8]) -> Result<String, Error> {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n\r\n");
        let mut request = Request::sample(&head, "");
        *request.body_mut() = body.into();
        Text::from_request(request).now_or_never().expect("nothing to wait for").map(|Text(text)| text)
    }

    #[test]
    fn utf8_is_the_default() {
        assert_eq!(read("text/plain", "ö".as_bytes()).unwrap(), "ö");
        assert_eq!(read("text/plain; charset=UTF-8", b"\xef\xbb\xbfa").unwrap(), "a");
    }

    #[cfg(feature = "charset")]
    #[test]
    fn other_charsets_are_decoded() {
        assert_eq!(read("text/plain; charset=iso-8859-1", b"\xf6").unwrap(), "ö");
        assert_eq!(read("text/plain; format=flowed; charset=\"KOI8-R\"", b"\xd0").unwrap(), "п");
        assert_eq!(read("text/plain;charset=utf-16le", b"a\0").unwrap(), "a");
    }

    #[test]
    fn an_unknown_charset_is_a_415() {
        let error = read("text/plain; charset=klingon", b"a").unwrap_err();
        assert_eq!(error.status(), http::StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(error.to_string().contains("klingon"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_text_are_a_400() {
        assert_eq!(read("text/plain", b"\xff").unwrap_err().status(), http::StatusCode::BAD_REQUEST);
    }
}
