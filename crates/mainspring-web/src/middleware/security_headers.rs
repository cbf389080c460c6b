//! Headers that switch the protections of browsers on.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::{Middleware, Next};
use crate::error::Error;
use crate::request::Request;
use crate::response::Response;

/// Sets the headers that switch the protections of browsers on, where the handler has not set them itself.
///
/// | header | default |
/// |---|---|
/// | `x-content-type-options` | `nosniff` |
/// | `x-frame-options` | `DENY` |
/// | `referrer-policy` | `strict-origin-when-cross-origin` |
/// | `cross-origin-opener-policy` | `same-origin` |
/// | `strict-transport-security` | none: [`hsts`](Self::hsts) |
/// | `content-security-policy` | none: [`content_security_policy`](Self::content_security_policy) |
/// | `permissions-policy` | none: [`set`](Self::set) |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::App;
/// use mainspring_web::middleware::SecurityHeaders;
///
/// let headers = SecurityHeaders::new()
///     .hsts(Duration::from_hours(365 * 24))
///     .content_security_policy("default-src 'self'")?
///     .set("permissions-policy", "camera=()")?
///     .without("cross-origin-opener-policy");
/// assert!(App::new().middleware(headers).get("/", || async { "Meow." }).build().is_ok());
/// # Ok::<(), mainspring_web::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    headers: Vec<(String, String)>,
}

impl SecurityHeaders {
    /// Makes one with the defaults of the table.
    pub fn new() -> Self {
        let defaults = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ];
        Self { headers: defaults.map(|(name, value)| (name.to_owned(), value.to_owned())).into() }
    }

    /// Tells browsers to use nothing but HTTPS for `max_age`, for subdomains too.
    #[must_use]
    pub fn hsts(self, max_age: Duration) -> Self {
        self.put("strict-transport-security", format!("max-age={}; includeSubDomains", max_age.as_secs()))
    }

    /// Sets the content security policy.
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set).
    pub fn content_security_policy(self, policy: impl Into<String>) -> Result<Self, Error> {
        self.set("content-security-policy", policy)
    }

    /// Sets another header, or another value of one of these.
    ///
    /// # Errors
    ///
    /// When the name is no token, the value holds a control byte, or the engine itself writes that header.
    pub fn set(self, name: &str, value: impl Into<String>) -> Result<Self, Error> {
        let value = value.into();
        Response::new(StatusCode::OK).insert(name, &value)?;
        Ok(self.put(name, value))
    }

    /// Leaves a header out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    fn put(self, name: &str, value: String) -> Self {
        let mut this = self.without(name);
        this.headers.push((name.to_owned(), value));
        this
    }
}

impl Middleware for SecurityHeaders {
    async fn call(self: Arc<Self>, request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        for (name, value) in &self.headers {
            if response.value(name).is_none() {
                response.add(name, value.as_bytes());
            }
        }
        response
    }
}
