//! Requests that another site has a visitor's browser send.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use subtle::ConstantTimeEq as _;

use super::{Middleware, Next};
use crate::error::Error;
use crate::request::{FromRequestParts, Request};
use crate::response::{IntoResponse, Response};

/// Refuses changes that another site has a visitor's browser ask for, with 403.
///
/// Browsers say where a request comes from. Methods that change nothing (`GET`, `HEAD`, `OPTIONS`) pass. Of the
/// others:
///
/// 1. `Sec-Fetch-Site` of `same-origin` or `none` passes, anything else is refused;
/// 2. without it, an `Origin` whose host is the `Host` passes, another is refused;
/// 3. without either it is no browser of the last years, and passes: programs carry nobody's cookies.
///
/// What is refused passes nevertheless when its origin is [`trusted`](Self::trust) or its path
/// [`exempt`](Self::exempt). These are the rules of `CrossOriginProtection` of Go. Neither state nor tokens are
/// needed; [`with_token`](Self::with_token) adds a double-submit token for browsers that send none of these headers.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::Csrf;
///
/// let csrf = Csrf::new().trust("https://accounts.example.com")?.exempt("/webhooks/*");
/// assert!(App::new().middleware(csrf).post("/", || async { "changed" }).build().is_ok());
/// # Ok::<(), mainspring_web::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Csrf {
    trusted: Vec<String>,
    exempt: Vec<String>,
    token: bool,
}

/// The token of [`Csrf::with_token`], for forms and scripts to send back; an extractor.
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfToken(Arc<str>);

/// The prefix has browsers take it from this very host only, over HTTPS.
const COOKIE: &str = "__Host-csrf";
const HEADER: &str = "x-csrf-token";
const TOKEN_BYTES: usize = 32;

impl Csrf {
    /// Makes one that trusts no other origin.
    pub fn new() -> Self {
        Self { trusted: Vec::new(), exempt: Vec::new(), token: false }
    }

    /// Lets an origin such as `https://example.com` or `https://example.com:8443` through.
    ///
    /// # Errors
    ///
    /// When it is no origin: without a scheme, or with a path.
    pub fn trust(mut self, origin: impl Into<String>) -> Result<Self, Error> {
        let origin = origin.into();
        let host = origin.split_once("://").map(|(_, host)| host).unwrap_or_default();
        if host.is_empty() || host.contains(['/', '?', '#', '*']) {
            let message = format!("{origin:?} is no origin of the form scheme://host or scheme://host:port");
            return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        self.trusted.push(origin);
        Ok(self)
    }

    /// Leaves a path alone, or with `*` at its end all paths that begin so.
    #[must_use]
    pub fn exempt(mut self, path: impl Into<String>) -> Self {
        self.exempt.push(path.into());
        self
    }

    /// Asks for a token too: the value of the cookie `__Host-csrf`, which only this origin can read, must stand in
    /// the header `x-csrf-token`. The cookie is set where there is none; handlers take it as [`CsrfToken`].
    ///
    /// Browsers take the cookie over HTTPS only.
    #[must_use]
    pub fn with_token(mut self) -> Self {
        self.token = true;
        self
    }

    fn is_exempt(&self, path: &str) -> bool {
        self.exempt.iter().any(|exempt| match exempt.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == exempt,
        })
    }

    /// Why a request is refused.
    fn fault(&self, request: &Request, token: Option<&CsrfToken>) -> Option<&'static str> {
        if request.method().is_safe() || self.is_exempt(request.path()) {
            return None;
        }
        let origin = request.header("origin");
        if origin.is_some_and(|origin| self.trusted.iter().any(|it| it.eq_ignore_ascii_case(origin))) {
            return None;
        }
        let foreign = match request.header("sec-fetch-site") {
            Some(site) => !["same-origin", "none"].contains(&site),
            None => !request.is_same_origin(),
        };
        if foreign {
            return Some("a request of another site");
        }
        let sent = request.header(HEADER).unwrap_or_default();
        match token {
            _ if !self.token => None,
            Some(token) if bool::from(token.0.as_bytes().ct_eq(sent.as_bytes())) => None,
            _ => Some("the token of the header x-csrf-token is not that of the cookie"),
        }
    }
}

impl CsrfToken {
    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new() -> Result<Self, Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    fn of_cookie(request: &Request) -> Option<Self> {
        let lines = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
        let mut pairs =
            lines.filter_map(|(_, value)| std::str::from_utf8(value).ok()).flat_map(|line| line.split(';'));
        let value = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        (bytes.len() == TOKEN_BYTES).then(|| Self(value.into()))
    }
}

impl Middleware for Csrf {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let held = if self.token { CsrfToken::of_cookie(&request) } else { None };
        if let Some(why) = self.fault(&request, held.as_ref()) {
            return Error::new(StatusCode::FORBIDDEN, why).into_response();
        }
        if !self.token {
            return next.run(request).await;
        }
        let is_new = held.is_none();
        let token = match held.map_or_else(CsrfToken::new, Ok) {
            Ok(token) => token,
            Err(error) => return error.into_response(),
        };
        request.extensions_mut().insert(token.clone());
        let mut response = next.run(request).await;
        if is_new {
            let cookie = format!("{COOKIE}={}; Path=/; Secure; SameSite=Lax", token.0);
            response.add("set-cookie", cookie.as_bytes());
        }
        response
    }
}

impl FromRequestParts for CsrfToken {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        request.extensions().get().cloned().ok_or_else(|| {
            let message = "a handler takes CsrfToken, but the app has no Csrf middleware with a token";
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrfToken").finish_non_exhaustive()
    }
}
