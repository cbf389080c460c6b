//! Problem details.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::into_response::IntoResponse;
use super::response::Response;
use crate::error::Error;
use crate::payload::ContentType;

/// What went wrong, in a form that programs read (RFC 9457): an answer of type `application/problem+json`.
///
/// * `type` is a URL that names the kind of problem; without one, the status says all (`about:blank`).
/// * `title` says the kind in words, and is the same each time. By default, the words of the status.
/// * `detail` says what happened this time.
/// * `instance` is a URL that names this time.
/// * More members may stand beside them.
///
/// As an error ([`Error::from`]) it travels with `?`. To have all errors sent so, put
/// [`ProblemDetails`](crate::middleware::ProblemDetails) around the app.
///
/// # Examples
///
/// ```
/// use mainspring_web::{Error, Problem, StatusCode};
///
/// fn buy(balance: u32, price: u32) -> Result<u32, Error> {
///     if price > balance {
///         return Err(Problem::new(StatusCode::FORBIDDEN)
///             .with_type("https://example.com/probs/out-of-credit")
///             .with_title("You do not have enough credit.")
///             .with_detail(format!("Your balance is {balance}, but that costs {price}."))
///             .with_member("balance", balance)?
///             .into());
///     }
///     Ok(balance - price)
/// }
///
/// assert_eq!(buy(30, 50).unwrap_err().status(), StatusCode::FORBIDDEN);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(with = "status")]
    status: StatusCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of which only the status is known.
    pub fn new(status: StatusCode) -> Self {
        let title = status.canonical_reason().map(str::to_owned);
        Self { kind: None, title, status, detail: None, instance: None, members: Map::new() }
    }

    /// Sets the URL that names the kind of problem.
    #[must_use]
    pub fn with_type(mut self, url: impl Into<String>) -> Self {
        self.kind = Some(url.into());
        self
    }

    /// Says the kind of problem in words.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Says what happened this time.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets the URL that names this time.
    #[must_use]
    pub fn with_instance(mut self, url: impl Into<String>) -> Self {
        self.instance = Some(url.into());
        self
    }

    /// Adds a member of your own.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON, or the name is that of a member of the standard.
    pub fn with_member(mut self, name: impl Into<String>, value: impl Serialize) -> Result<Self, Error> {
        let name = name.into();
        let wrong = |what: String| Error::new(StatusCode::INTERNAL_SERVER_ERROR, what);
        if ["type", "title", "status", "detail", "instance"].contains(&name.as_str()) {
            return Err(wrong(format!("`{name}` of a problem has a meaning of its own")));
        }
        let value = serde_json::to_value(value)
            .map_err(|error| wrong(format!("the member `{name}` of a problem is no JSON: {error}")))?;
        self.members.insert(name, value);
        Ok(self)
    }

    /// The URL that names the kind of problem; `None` is `about:blank`.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// The kind of problem in words.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened this time.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The URL that names this time.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// The members beside those of the standard.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    pub(crate) fn set_status(&mut self, status: StatusCode) {
        if self.title.as_deref() == self.status.canonical_reason() {
            self.title = status.canonical_reason().map(str::to_owned);
        }
        self.status = status;
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self) {
            Ok(bytes) => Response::typed(ContentType::Problem, bytes.into()).with_status(self.status),
            // Text and JSON values can always be written.
            Err(_) => Response::new(self.status),
        }
    }
}

mod status {
    use http::StatusCode;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(status.as_u16())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
        StatusCode::from_u16(u16::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_written() {
        let problem = Problem::new(StatusCode::FORBIDDEN)
            .with_type("https://example.com/probs/out-of-credit")
            .with_title("You do not have enough credit.")
            .with_detail("Your current balance is 30, but that costs 50.")
            .with_instance("/account/12345/msgs/abc")
            .with_member("balance", 30)
            .unwrap();
        let response = problem.clone().into_response();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let body = response.body().as_bytes().unwrap();
        let json: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(json["type"], "https://example.com/probs/out-of-credit");
        assert_eq!((&json["status"], &json["balance"]), (&403.into(), &30.into()));
        assert_eq!(serde_json::from_slice::<Problem>(body).unwrap(), problem);
    }

    #[test]
    fn a_bare_problem_says_its_status() {
        let body = serde_json::to_string(&Problem::new(StatusCode::NOT_FOUND)).unwrap();
        assert_eq!(body, r#"{"title":"Not Found","status":404}"#);
    }

    #[test]
    fn members_of_the_standard_cannot_be_overwritten() {
        let error = Problem::new(StatusCode::NOT_FOUND).with_member("status", 200).unwrap_err();
        assert!(error.to_string().contains("`status`"), "{error}");
    }
}
