//! Tokens.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use http::StatusCode;

use super::check::{Check, Checked, Identity, authorization, challenge, erase, is_equal, quoted};
use crate::error::Error;
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Asks for a token (the `Bearer` scheme of RFC 6750), and answers 401 to whoever has none.
///
/// A token that is wrong is told `error="invalid_token"`; one that is none by its form is a 400. Who it is goes into
/// the request's extensions: [`Identity`] with [`tokens`](Self::tokens), else what the check gives.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::{BearerAuth, Identity, Token};
///
/// let auth = BearerAuth::tokens("api", [("billing", "9f3c…")])?;
/// let app = App::new().middleware(auth).get("/", |who: Identity| async move { who.to_string() });
/// assert!(app.build().is_ok());
///
/// // A check of one's own, of a signed token say.
/// let auth = BearerAuth::new("api", async |token: Token| token.is("9f3c"))?;
/// # let _ = auth;
/// # Ok::<(), mainspring_web::Error>(())
/// ```
pub struct BearerAuth {
    realm: String,
    optional: bool,
    check: Check<Token>,
}

/// The token that a client sends.
#[derive(Clone)]
pub struct Token(String);

impl BearerAuth {
    /// Makes one with a check: an async function of a [`Token`] that gives a [`Checked`].
    ///
    /// # Errors
    ///
    /// When the realm holds more than printable ASCII.
    pub fn new<F, Fut>(realm: &str, check: F) -> Result<Self, Error>
    where
        F: Fn(Token) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Checked + Send + 'static> + Send + 'static,
    {
        Ok(Self { realm: quoted(realm)?, optional: false, check: erase(check) })
    }

    /// Makes one with a list of names and their tokens.
    ///
    /// # Errors
    ///
    /// When the realm holds more than printable ASCII.
    pub fn tokens<N, T>(realm: &str, tokens: impl IntoIterator<Item = (N, T)>) -> Result<Self, Error>
    where
        N: AsRef<str>,
        T: Into<String>,
    {
        let tokens: Vec<(Identity, String)> =
            tokens.into_iter().map(|(name, token)| (Identity(name.as_ref().into()), token.into())).collect();
        Self::new(realm, move |token: Token| {
            // All are looked at, so that the time does not tell which was nearly right.
            let mut who = None;
            for (identity, known) in &tokens {
                if token.is(known) {
                    who = Some(identity.clone());
                }
            }
            ready(who)
        })
    }

    /// Lets requests without a token through; wrong ones are still refused.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    fn refused(&self, status: StatusCode, error: &str) -> Response {
        let text = format!("Bearer realm={}{error}", self.realm);
        challenge(status, "a token is wanted", &text)
    }
}

impl Token {
    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this one, in a time that tells nothing but the length.
    pub fn is(&self, token: &str) -> bool {
        is_equal(&self.0, token)
    }

    /// `b64token` of RFC 6750 §2.1.
    fn parse(text: &str) -> Option<Self> {
        let body = text.trim_end_matches('=');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        (!body.is_empty() && body.bytes().all(plain)).then(|| Self(text.to_owned()))
    }
}

impl Middleware for BearerAuth {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let token = match authorization(&request, "bearer") {
            None if self.optional => return next.run(request).await,
            None => return self.refused(StatusCode::UNAUTHORIZED, ""),
            Some(text) => Token::parse(text),
        };
        let Some(token) = token else {
            return self.refused(StatusCode::BAD_REQUEST, ", error=\"invalid_request\"");
        };
        let enter = (self.check)(token).await;
        match enter(request.extensions_mut()) {
            Ok(true) => next.run(request).await,
            Ok(false) => self.refused(StatusCode::UNAUTHORIZED, ", error=\"invalid_token\""),
            Err(error) => error.into_response(),
        }
    }
}

impl fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerAuth").field("realm", &self.realm).finish_non_exhaustive()
    }
}

/// Without the token itself.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
