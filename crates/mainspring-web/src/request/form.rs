//! HTML forms, both ways.

use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::extract::{FromRequest, OptionalFromRequest, ViaRequest};
use super::query::read_pairs;
use super::request::Request;
use crate::error::Error;
use crate::payload::{ContentType, to_form};
use crate::response::{IntoResponse, Response};

/// A form of type `application/x-www-form-urlencoded`: as an extractor it reads the request's body (of `GET` and
/// `HEAD`, the query), as an answer it writes one.
///
/// Names and values are read as [`Query`](crate::Query) reads them: a repeated name fills a `Vec`, an empty
/// value of an `Option` is `None`. Files come as [`MultipartForm`](crate::MultipartForm).
///
/// # Errors
///
/// As an extractor it refuses another content type with 415, and a field that is missing or does not parse with
/// 400, naming it; more than 10,000 fields are a 413. As an answer it gives 500 when the value is no flat struct or map.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Form};
///
/// #[derive(serde::Deserialize)]
/// struct Login { name: String, password: String }
///
/// async fn login(Form(login): Form<Login>) -> String {
///     format!("Hello, {}!", login.name)
/// }
///
/// assert!(App::new().post("/login", login).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequest<ViaRequest> for Form<T> {
    async fn from_request(request: Request) -> Result<Self, Error> {
        if [Method::GET, Method::HEAD].contains(request.method()) {
            return read_pairs(request.query().unwrap_or_default(), "query").map(Self);
        }
        match request.essence() {
            Some(essence) if essence == ContentType::Form.as_str() => {}
            essence => return Err(wrong_type(ContentType::Form.as_str(), essence.as_deref())),
        }
        let body = request.into_body().collect().await?;
        let text = std::str::from_utf8(&body).map_err(|error| {
            Error::bad_request(format!("the form is not UTF-8 from byte {} on", error.valid_up_to()))
        })?;
        read_pairs(text, "form").map(Self)
    }
}

/// `None` when there is neither a body nor a content type.
impl<T: DeserializeOwned + Send> OptionalFromRequest for Form<T> {
    async fn optional_from_request(request: Request) -> Result<Option<Self>, Error> {
        if request.is_without_body() {
            return Ok(None);
        }
        Self::from_request(request).await.map(Some)
    }
}

impl<T: Serialize> IntoResponse for Form<T> {
    fn into_response(self) -> Response {
        match to_form(&self.0) {
            Ok(text) => Response::typed(ContentType::Form, text.into()),
            Err(error) => {
                Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer is no form: {error}"))
                    .into_response()
            }
        }
    }
}

#[cold]
pub(super) fn wrong_type(wanted: &str, found: Option<&str>) -> Error {
    let found = found.unwrap_or("nothing");
    let message = format!("the content type must be {wanted}, not {found}");
    Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize, serde::Serialize)]
    struct Order {
        name: String,
        items: Vec<u32>,
        note: Option<String>,
    }

    fn request(line: &str, content_type: &str, body: &'static str) -> Request {
        Request::sample(&format!("{line} HTTP/1.1\r\nHost: a\r\n{content_type}\r\n"), body)
    }

    fn read(content_type: &str, body: &'static str) -> Result<Order, Error> {
        let request = request("POST /", &format!("Content-Type: {content_type}\r\n"), body);
        let form = Form::<Order>::from_request(request).now_or_never();
        form.expect("nothing to wait for").map(|Form(order)| order)
    }

    const TYPE: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_form_is_read_by_name_with_repeated_fields() {
        let order = read(TYPE, "items=1&name=Ada+L%C3%B6w&items=2&note=").expect("it is valid");
        assert_eq!(order, Order { name: "Ada Löw".into(), items: vec![1, 2], note: None });
    }

    #[test]
    fn parameters_of_the_content_type_do_not_matter() {
        assert!(read("Application/X-WWW-Form-Urlencoded; charset=utf-8", "name=a&items=1").is_ok());
    }

    #[test]
    fn another_content_type_is_a_415() {
        let error = read("text/plain", "name=a&items=1").expect_err("it is text");
        assert_eq!(error.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[test]
    fn a_bad_field_of_a_list_is_named() {
        let error = read(TYPE, "name=a&items=1&items=x").expect_err("x is no number");
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_eq!(error.to_string(), "bad form: `items`: \"x\" is no u32");
    }

    #[test]
    fn get_reads_the_query() {
        let request = request("GET /?name=a&items=1", "", "");
        let form = Form::<Order>::from_request(request).now_or_never();
        assert_eq!(form.expect("nothing to wait for").expect("it is valid").0.name, "a");
    }

    #[test]
    fn no_body_is_none() {
        let form = Option::<Form<Order>>::from_request(request("POST /", "", "")).now_or_never();
        assert_eq!(form.expect("nothing to wait for").expect("absence is no error"), None);
    }

    #[test]
    fn an_answer_reads_back_as_it_was() {
        let order = Order { name: "a&b= é".into(), items: vec![1, 2], note: None };
        let response = Form(&order).into_response();
        assert_eq!(response.header("content-type"), Some(TYPE));
        let text = std::str::from_utf8(response.body().as_bytes().expect("it is in memory")).unwrap();
        assert_eq!(text, "name=a%26b%3D+%C3%A9&items=1&items=2");
        assert_eq!(read_pairs::<Order>(text, "form").expect("it is valid"), order);
    }
}
