//! A whole multipart form.

use http::StatusCode;
use serde::de::DeserializeOwned;

use super::file::UploadedFile;
use super::multipart::Multipart;
use super::part::Part;
use super::spool::Spool;
use super::typed;
use crate::error::Error;
use crate::request::values::Value;
use crate::request::{FromRequest, OptionalFromRequest, Request, ViaRequest};

/// A form of type `multipart/form-data`, read into a struct whose files are [`UploadedFile`]s.
///
/// Text fields are read as [`Query`](crate::Query) reads them. Files stay in memory up to
/// [`MultipartLimits::memory`](crate::MultipartLimits::memory) of all of them together; what is beyond goes to
/// disk, on the blocking pool.
///
/// # Errors
///
/// 415 when the body is of another type; 413 when it is beyond a limit; 400 when it is malformed or a field is
/// missing or does not parse, naming it.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, MultipartForm, UploadedFile};
///
/// #[derive(serde::Deserialize)]
/// struct Profile {
///     name: String,
///     avatar: UploadedFile,
///     #[serde(default)]
///     photos: Vec<UploadedFile>,
/// }
///
/// async fn update(MultipartForm(profile): MultipartForm<Profile>) -> String {
///     format!("{} with {} bytes and {} photos", profile.name, profile.avatar.len(), profile.photos.len())
/// }
///
/// assert!(App::new().post("/profile", update).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultipartForm<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequest<ViaRequest> for MultipartForm<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        let mut form = Multipart::from_request(request).await?;
        let (mut text, mut memory) = (form.limits().text, form.limits().memory);
        let (mut values, mut files) = (Vec::new(), Vec::new());
        while let Some(part) = form.next().await? {
            let name = part.name().to_owned();
            if part.filename().is_none() {
                values.push(Value::text((name.into(), field(part, &mut text).await?.into())));
            } else if let Some(file) = file(part, &mut memory).await? {
                values.push(Value::file(name.into(), files.len() as u64));
                files.push(file);
            }
        }
        typed::read(values, files).map(Self)
    }
}

/// `None` when there is neither a body nor a content type.
impl<T: DeserializeOwned + Send> OptionalFromRequest for MultipartForm<T> {
    async fn optional_from_request(request: Request) -> Result<Option<Self>, Error> {
        if request.is_without_body() {
            return Ok(None);
        }
        Self::from_request(request).await.map(Some)
    }
}

/// Reads a text field, which takes from what is left of the limit.
async fn field(mut part: Part<'_>, left: &mut usize) -> Result<String, Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await? {
        *left = left.checked_sub(piece.len()).ok_or_else(|| {
            Error::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the text of the form up to the field `{}` is too large", part.name()),
            )
        })?;
        bytes.extend_from_slice(&piece);
    }
    part.decode(&bytes)
}

/// Reads a file; `None` when the field was left empty, which browsers send as a file without name and data.
async fn file(mut part: Part<'_>, memory: &mut usize) -> Result<Option<UploadedFile>, Error> {
    let mut spool = Spool::new(memory);
    let mut empty = true;
    while let Some(piece) = part.chunk().await? {
        empty = false;
        spool.push(&piece).await?;
    }
    if empty && part.filename() == Some("") {
        return Ok(None);
    }
    Ok(Some(UploadedFile::new(part.into_head(), spool.finish().await?)))
}
