//! Name and password.

use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use super::check::{Check, Checked, Identity, authorization, challenge, erase, is_equal, quoted};
use crate::error::Error;
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Asks for a name and a password (the `Basic` scheme of RFC 7617), and answers 401 to whoever has none.
///
/// Passwords go over the wire as they are, so it wants TLS. They are compared in constant time. Who it is goes into
/// the request's extensions: [`Identity`] with [`users`](Self::users), else what the check gives.
///
/// # Examples
///
/// ```
/// use mainspring_web::App;
/// use mainspring_web::middleware::{BasicAuth, Identity};
///
/// let auth = BasicAuth::users("cats", [("ada", "secret")])?;
/// let app = App::new().middleware(auth).get("/", |who: Identity| async move { format!("Hello, {who}!") });
/// assert!(app.build().is_ok());
/// # Ok::<(), mainspring_web::Error>(())
/// ```
///
/// Any check will do; it may ask a database:
///
/// ```
/// use mainspring_web::{App, Error};
/// use mainspring_web::middleware::{BasicAuth, Credentials};
///
/// #[derive(Clone)]
/// struct User { id: u64 }
///
/// async fn find(credentials: Credentials) -> Result<Option<User>, Error> {
///     // select … where name = $1
///     Ok(credentials.is("ada", "secret").then_some(User { id: 1 }))
/// }
///
/// let app = App::new().middleware(BasicAuth::new("cats", find)?);
/// # assert!(app.build().is_ok());
/// # Ok::<(), Error>(())
/// ```
pub struct BasicAuth {
    challenge: String,
    optional: bool,
    check: Check<Credentials>,
}

/// What a client says of itself.
#[derive(Clone)]
pub struct Credentials {
    name: String,
    password: String,
}

impl BasicAuth {
    /// Makes one with a check: an async function of [`Credentials`] that gives a [`Checked`].
    ///
    /// # Errors
    ///
    /// When the realm holds more than printable ASCII.
    pub fn new<F, Fut>(realm: &str, check: F) -> Result<Self, Error>
    where
        F: Fn(Credentials) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Checked + Send + 'static> + Send + 'static,
    {
        let challenge = format!("Basic realm={}, charset=\"UTF-8\"", quoted(realm)?);
        Ok(Self { challenge, optional: false, check: erase(check) })
    }

    /// Makes one with a list of names and passwords.
    ///
    /// # Errors
    ///
    /// When the realm holds more than printable ASCII.
    pub fn users<N, P>(realm: &str, users: impl IntoIterator<Item = (N, P)>) -> Result<Self, Error>
    where
        N: Into<String>,
        P: Into<String>,
    {
        let users: Vec<_> =
            users.into_iter().map(|(name, password)| (name.into(), password.into())).collect();
        Self::new(realm, move |credentials| {
            // All are looked at, so that the time does not tell which name is there.
            let mut known = false;
            for (name, password) in &users {
                known |= credentials.is(name, password);
            }
            ready(known.then(|| Identity(credentials.name.into())))
        })
    }

    /// Lets requests without credentials through; wrong ones are still refused.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

impl Credentials {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Whether they are these, in a time that tells nothing but the lengths.
    pub fn is(&self, name: &str, password: &str) -> bool {
        is_equal(&self.name, name) & is_equal(&self.password, password)
    }

    fn parse(encoded: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        Some(Self { name: name.to_owned(), password: password.to_owned() })
    }
}

impl Middleware for BasicAuth {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let refused = || challenge(StatusCode::UNAUTHORIZED, "name and password are wanted", &self.challenge);
        let credentials = match authorization(&request, "basic") {
            None if self.optional => return next.run(request).await,
            given => given.and_then(Credentials::parse),
        };
        let Some(credentials) = credentials else { return refused() };
        let enter = (self.check)(credentials).await;
        match enter(request.extensions_mut()) {
            Ok(true) => next.run(request).await,
            Ok(false) => refused(),
            Err(error) => error.into_response(),
        }
    }
}

impl fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BasicAuth").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}

/// Without the password.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}
