//! The middleware.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use super::cookie::{Seal, Sealer};
use super::key::SessionKey;
use super::session::{Session, State};
use super::store::{AnyStore, SessionData, SessionStore};
use crate::error::Error;
use crate::http1::is_token;
use crate::middleware::calendar::unix_seconds;
use crate::middleware::vary::vary;
use crate::middleware::{Middleware, Next};
use crate::request::Request;
use crate::response::{IntoResponse, Response};

/// Remembers values of a visitor from one request to the next: the [`Session`], which handlers take.
///
/// They are held either in the cookie itself, encrypted ([`cookie`](Self::cookie)), which needs no store but lets
/// nobody take a session back before its time; or in a store under a random id ([`store`](Self::store)).
///
/// The cookie is `session`, for this host and every path, not readable by scripts (`HttpOnly`), sent over HTTPS
/// only (`Secure`), not with the requests of other sites but for links (`SameSite=Lax`). It is set only when the
/// session has changed. A session ends [`max_age`](Self::max_age) after its last change; a day by default.
///
/// An answer that depends on the session has `vary: cookie`. An id that the store does not know is not taken over.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Error};
/// use mainspring_web::middleware::{Session, SessionKey, Sessions};
///
/// async fn login(session: Session) -> Result<&'static str, Error> {
///     session.renew();
///     session.insert("user", "ada")?;
///     Ok("welcome")
/// }
///
/// let sessions = Sessions::cookie(SessionKey::generate()?);
/// assert!(App::new().middleware(sessions).post("/login", login).build().is_ok());
/// # Ok::<(), Error>(())
/// ```
pub struct Sessions {
    holder: Holder,
    name: String,
    path: String,
    domain: Option<String>,
    max_age: Duration,
    secure: bool,
    same_site: SameSite,
}

/// With which requests of other sites a cookie is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With none.
    Strict,
    /// With links that are followed.
    Lax,
    /// With all; wants `Secure`.
    None,
}

enum Holder {
    Cookie(Sealer),
    Store(Box<dyn AnyStore>),
}

/// What came with a request.
struct Arrived {
    /// The id of a session that the store knows.
    id: Option<String>,
    /// There was a cookie, so it may have to be taken back.
    cookie: bool,
    session: Session,
}

const ID_BYTES: usize = 32;

impl Sessions {
    /// Holds sessions in the cookie, encrypted.
    pub fn cookie(key: SessionKey) -> Self {
        Self::new(Holder::Cookie(Sealer { keys: vec![key], seal: Seal::Private }))
    }

    /// Holds sessions in the cookie, signed: visitors can read them, but not change them.
    pub fn signed(key: SessionKey) -> Self {
        Self::new(Holder::Cookie(Sealer { keys: vec![key], seal: Seal::Signed }))
    }

    /// Holds sessions in a store.
    pub fn store(store: impl SessionStore) -> Self {
        Self::new(Holder::Store(Box::new(store)))
    }

    fn new(holder: Holder) -> Self {
        Self {
            holder,
            name: "session".to_owned(),
            path: "/".to_owned(),
            domain: None,
            max_age: Duration::from_hours(24),
            secure: true,
            same_site: SameSite::Lax,
        }
    }

    /// Opens cookies with an old key too, so that the key can be changed without ending sessions. Nothing is sealed
    /// with it. It does nothing for a store.
    #[must_use]
    pub fn old_key(mut self, key: SessionKey) -> Self {
        if let Holder::Cookie(sealer) = &mut self.holder {
            sealer.keys.push(key);
        }
        self
    }

    /// The name of the cookie.
    ///
    /// # Errors
    ///
    /// When it is no token.
    pub fn name(mut self, name: impl Into<String>) -> Result<Self, Error> {
        self.name = name.into();
        if is_token(self.name.as_bytes()) { Ok(self) } else { wrong("name", &self.name) }
    }

    /// The path below which the cookie is sent; `/` by default.
    ///
    /// # Errors
    ///
    /// When it cannot stand in a cookie.
    pub fn path(mut self, path: impl Into<String>) -> Result<Self, Error> {
        self.path = path.into();
        if is_attribute(&self.path) { Ok(self) } else { wrong("path", &self.path) }
    }

    /// The domain to which the cookie is sent, with all below it; by default it is sent to this host only.
    ///
    /// # Errors
    ///
    /// When it cannot stand in a cookie.
    pub fn domain(mut self, domain: impl Into<String>) -> Result<Self, Error> {
        let domain = domain.into();
        if !is_attribute(&domain) {
            return wrong("domain", &domain);
        }
        self.domain = Some(domain);
        Ok(self)
    }

    /// How long a session lasts after its last change, in whole seconds.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Whether the cookie is sent over HTTPS only. To be switched off for tests on a machine of one's own.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// With which requests of other sites the cookie is sent.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    async fn arrived(&self, request: &Request) -> Result<Arrived, Error> {
        let Some(value) = cookie_of(request, &self.name) else {
            return Ok(Arrived { id: None, cookie: false, session: Session::new(SessionData::new()) });
        };
        let (id, data) = match &self.holder {
            Holder::Cookie(sealer) => (None, sealer.open(&self.name, value, unix_seconds())),
            Holder::Store(_) if !is_id(value) => (None, None),
            Holder::Store(store) => match store.load(value).await? {
                Some(data) => (Some(value.to_owned()), Some(data)),
                None => (None, None),
            },
        };
        Ok(Arrived { id, cookie: true, session: Session::new(data.unwrap_or_default()) })
    }

    /// Keeps what the handler has changed; gives the cookie to set.
    async fn keep(
        &self,
        id: Option<String>,
        state: State,
        had_cookie: bool,
    ) -> Result<Option<String>, Error> {
        let State { data, changed, renewed, .. } = state;
        if data.is_empty() {
            if !changed {
                return Ok(None);
            }
            if let (Holder::Store(store), Some(id)) = (&self.holder, id) {
                store.remove(&id).await?;
            }
            return Ok(had_cookie.then(|| self.line("", Duration::ZERO)));
        }
        if !changed && !renewed {
            return Ok(None);
        }
        let value = match &self.holder {
            Holder::Cookie(sealer) => {
                sealer.close(&self.name, data, unix_seconds().saturating_add(self.max_age.as_secs()))?
            }
            Holder::Store(store) => {
                let old = if renewed { id.as_deref() } else { None };
                if let Some(old) = old {
                    store.remove(old).await?;
                }
                let id = match id {
                    Some(id) if !renewed => id,
                    _ => new_id()?,
                };
                store.save(&id, data, self.max_age).await?;
                id
            }
        };
        Ok(Some(self.line(&value, self.max_age)))
    }

    /// The value of `set-cookie`.
    fn line(&self, value: &str, age: Duration) -> String {
        let mut line =
            format!("{}={value}; Path={}; Max-Age={}; HttpOnly", self.name, self.path, age.as_secs());
        if let Some(domain) = &self.domain {
            line.push_str("; Domain=");
            line.push_str(domain);
        }
        if self.secure {
            line.push_str("; Secure");
        }
        line.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        line
    }
}

fn wrong<T>(what: &str, value: &str) -> Result<T, Error> {
    let message = format!("{value:?} cannot be the {what} of a session's cookie");
    Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message))
}

fn is_attribute(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b';')
}

/// The value of a cookie, by its name.
fn cookie_of<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let lines = request.headers().filter(|(other, _)| other.eq_ignore_ascii_case("cookie"));
    let texts = lines.filter_map(|(_, value)| std::str::from_utf8(value).ok());
    let mut pairs = texts.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(other, _)| *other == name).map(|(_, value)| value)
}

fn new_id() -> Result<String, Error> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn is_id(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == ID_BYTES)
}

impl Middleware for Sessions {
    async fn call(self: Arc<Self>, mut request: Request, next: Next) -> Response {
        let Arrived { id, cookie, session } = match self.arrived(&request).await {
            Ok(arrived) => arrived,
            Err(error) => return error.into_response(),
        };
        request.extensions_mut().insert(session.clone());
        let mut response = next.run(request).await;
        let state = session.take();
        let touched = state.touched;
        match self.keep(id, state, cookie).await {
            Ok(None) => {}
            Ok(Some(line)) => response.add("set-cookie", line.as_bytes()),
            Err(error) => return error.into_response(),
        }
        if touched {
            vary(&mut response, "cookie");
        }
        response
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("name", &self.name)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}
