//! JSON, both ways.

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::Body;
use super::content_type::ContentType;
use crate::error::Error;
use crate::request::{FromRequest, OptionalFromRequest, Request, ViaRequest};
use crate::response::{IntoResponse, Response};

/// A typed JSON document: as an extractor it reads the request's body, as an answer it writes one.
///
/// # Errors
///
/// As an extractor it refuses a content type that is not JSON with 415, and a body that is not the
/// document with 400, naming the field, the line and the column. As an answer it gives 500 when the value
/// cannot be written as JSON (a map whose keys are not text, say).
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Json};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct User { name: String }
///
/// async fn rename(Json(mut user): Json<User>) -> Json<User> {
///     user.name.push('!');
///     Json(user)
/// }
///
/// let app = App::new().post("/rename", rename);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// What a common document needs; `Vec` would grow there in several steps.
const FIRST_CAPACITY: usize = 1024;

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::with_capacity(FIRST_CAPACITY);
        match serde_json::to_writer(&mut bytes, &self.0) {
            Ok(()) => Response::typed(ContentType::Json, Body::from(bytes)),
            Err(error) => {
                Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer is no JSON: {error}"))
                    .into_response()
            }
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest<ViaRequest> for Json<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        if !request.content_type().is_some_and(is_json) {
            return Err(wrong_type(request.content_type()));
        }
        let body = request.into_body().collect().await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| explain::<T>(&body, &error))
    }
}

/// `None` when there is neither a body nor a content type.
impl<T: DeserializeOwned + Send> OptionalFromRequest for Json<T> {
    async fn optional_from_request(request: Request) -> Result<Option<Self>, Error> {
        if request.is_without_body() {
            return Ok(None);
        }
        Self::from_request(request).await.map(Some)
    }
}

fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true;
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cold]
fn wrong_type(content_type: Option<&str>) -> Error {
    let found = content_type.unwrap_or("nothing");
    Error::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        format!("the content type must be application/json, not {found}"),
    )
}

/// Reads the bad document a second time, now noting the way to the field: nobody pays for it but bad input.
#[cold]
fn explain<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> Error {
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(located) if located.path().iter().next().is_some() && located.inner().is_data() => {
            Error::bad_request(format!("bad JSON in the field `{}`: {}", located.path(), located.inner()))
        }
        _ => Error::bad_request(format!("bad JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Order {
        #[expect(dead_code, reason = "only its place in a message matters")]
        items: Vec<Item>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Item {
        #[expect(dead_code, reason = "only its place in a message matters")]
        price: f64,
    }

    fn read(content_type: &str, body: &'static str) -> Result<Json<Order>, Error> {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n\r\n");
        Json::from_request(Request::sample(&head, body)).now_or_never().expect("nothing to wait for")
    }

    #[test]
    fn a_bad_field_is_named_with_line_and_column() {
        let error = read("application/json", "{\"items\":\n[{\"price\":\"x\"}]}").expect_err("price is text");
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        let text = error.to_string();
        assert!(text.contains("items[0].price") && text.contains("line 2 column"), "{text}");
    }

    #[test]
    fn bad_syntax_is_a_400_with_line_and_column() {
        let error = read("application/json", "{").expect_err("it ends early");
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert!(error.to_string().contains("line 1 column 1"), "{error}");
    }

    #[test]
    fn another_content_type_is_a_415() {
        let error = read("text/plain", "{\"items\":[]}").expect_err("it is text");
        assert_eq!(error.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[test]
    fn content_types_of_json_are_accepted() {
        for name in ["application/json; charset=utf-8", "Application/JSON", "application/problem+json"] {
            assert!(read(name, "{\"items\":[]}").is_ok(), "{name}");
        }
    }
}
