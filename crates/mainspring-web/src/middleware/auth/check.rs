//! What checks have in common.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{Extensions, StatusCode};
use subtle::ConstantTimeEq as _;

use crate::error::Error;
use crate::request::{FromRequestParts, Request};
use crate::response::{IntoResponse, Response};

/// The name of who asks, from [`BasicAuth::users`](super::BasicAuth::users) and
/// [`BearerAuth::tokens`](super::BearerAuth::tokens); an extractor.
///
/// Without such a middleware, or when it lets requests of nobody through, the extractor refuses with 401.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub(super) Arc<str>);

impl Identity {
    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromRequestParts for Identity {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        let identity = request.extensions().get().cloned();
        identity.ok_or_else(|| Error::new(StatusCode::UNAUTHORIZED, "it is not known who asks"))
    }
}

/// What a check may give: whether the credentials are right, or who it is; or an error, which is the answer.
///
/// | value | |
/// |---|---|
/// | `bool` | whether they are right |
/// | `Option<T>` | who it is; goes into the request's extensions |
/// | `Result<_, Error>` | either, or why it cannot be told |
pub trait Checked {
    /// Puts who it is into `extensions`; `false` when the credentials are wrong.
    ///
    /// # Errors
    ///
    /// When it cannot be told.
    fn enter(self, extensions: &mut Extensions) -> Result<bool, Error>;
}

impl Checked for bool {
    fn enter(self, _extensions: &mut Extensions) -> Result<bool, Error> {
        Ok(self)
    }
}

impl<T: Clone + Send + Sync + 'static> Checked for Option<T> {
    fn enter(self, extensions: &mut Extensions) -> Result<bool, Error> {
        Ok(self.map(|who| extensions.insert(who)).is_some())
    }
}

impl<T: Checked> Checked for Result<T, Error> {
    fn enter(self, extensions: &mut Extensions) -> Result<bool, Error> {
        self?.enter(extensions)
    }
}

/// A check whose types are forgotten.
pub(super) type Check<C> = Box<dyn Fn(C) -> Checking + Send + Sync>;

type Checking = Pin<Box<dyn Future<Output = Enter> + Send>>;
type Enter = Box<dyn FnOnce(&mut Extensions) -> Result<bool, Error> + Send>;

pub(super) fn erase<C, F, Fut>(check: F) -> Check<C>
where
    F: Fn(C) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Checked + Send + 'static> + Send + 'static,
{
    Box::new(move |credentials| {
        let checking = check(credentials);
        Box::pin(async move {
            let checked = checking.await;
            let enter: Enter = Box::new(move |extensions| checked.enter(extensions));
            enter
        })
    })
}

/// Compares in a time that depends on the lengths only.
pub(super) fn is_equal(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Refuses with a challenge (RFC 9110 §11.6.1).
pub(super) fn challenge(status: StatusCode, text: &'static str, challenge: &str) -> Response {
    let mut response = (status, text).into_response();
    response.set("www-authenticate", challenge.as_bytes());
    response
}

/// The realm as it stands in a challenge.
///
/// # Errors
///
/// When it holds what a quoted string cannot.
pub(super) fn quoted(realm: &str) -> Result<String, Error> {
    if realm.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(format!("\"{}\"", realm.replace('\\', "\\\\").replace('"', "\\\"")));
    }
    let message = format!("the realm {realm:?} holds more than printable ASCII");
    Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message))
}

/// What follows the scheme in `Authorization`; the scheme's case does not matter.
pub(super) fn authorization<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let (found, rest) = request.header("authorization")?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim_ascii())
}
