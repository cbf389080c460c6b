//! One part of a form.

use std::fmt;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::head::PartHead;
use super::multipart::Multipart;
use crate::error::Error;
use crate::payload::Charset;

/// One part of a [`Multipart`] form: a field or a file, with its data still to come.
pub struct Part<'a> {
    form: &'a mut Multipart,
    head: PartHead,
}

impl<'a> Part<'a> {
    pub(super) fn new(form: &'a mut Multipart, head: PartHead) -> Self {
        Self { form, head }
    }

    /// The name of the field.
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// The name of the file, if it is one, as the client sent it: it may hold a path and is not to be trusted.
    pub fn filename(&self) -> Option<&str> {
        self.head.filename.as_deref()
    }

    /// The type of the data, if the client named one.
    pub fn content_type(&self) -> Option<&str> {
        self.head.headers.get(header::CONTENT_TYPE)?.to_str().ok()
    }

    /// All headers of the part.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Takes the next piece of the data; `None` after the last.
    ///
    /// # Errors
    ///
    /// 400 when the body is malformed or ends early; those of [`Body::chunk`](crate::Body::chunk).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a piece is either returned or still to come.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.form.data().await
    }

    /// Reads all of the data. It is bounded by the limit of the body only.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk).
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(&second);
        while let Some(piece) = self.chunk().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Reads all of the data as text, in the charset that its type names, else in UTF-8.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk); 415 when the charset is unknown, 400 when the data is no text in it. The
    /// message names the part.
    pub async fn text(mut self) -> Result<String, Error> {
        let mut bytes = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            bytes.extend_from_slice(&piece);
        }
        self.decode(&bytes)
    }

    /// The data as text.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<String, Error> {
        let text = Charset::of(self.content_type()).and_then(|charset| charset.decode(bytes));
        text.map_err(|error| Error::new(error.status(), format!("the part `{}`: {error}", self.name())))
    }

    /// Reads all of the data as a JSON document, whatever its type says.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk); 400 when the data is not the document. The message names the part.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let name = self.name().to_owned();
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::bad_request(format!("the part `{name}`: bad JSON: {error}")))
    }

    pub(super) fn into_head(self) -> PartHead {
        self.head
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("name", &self.head.name).field("filename", &self.head.filename).finish()
    }
}
