//! The session of a request.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::store::SessionData;
use crate::error::Error;
use crate::request::{FromRequestParts, Request};

/// What is remembered of a visitor: values by name, whatever `serde` can write as JSON; an extractor.
///
/// Changes are kept when the handler has answered. Clones are the same session.
///
/// # Examples
///
/// ```
/// use mainspring_web::{App, Error};
/// use mainspring_web::middleware::{MemorySessions, Session, Sessions};
///
/// async fn count(session: Session) -> Result<String, Error> {
///     let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
///     session.insert("visits", visits)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// let app = App::new().middleware(Sessions::store(MemorySessions::new())).get("/", count);
/// assert!(app.build().is_ok());
/// ```
#[derive(Clone)]
pub struct Session(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) data: SessionData,
    /// Somebody looked, so the answer depends on the cookie.
    pub(super) touched: bool,
    pub(super) changed: bool,
    pub(super) renewed: bool,
}

impl Session {
    pub(super) fn new(data: SessionData) -> Self {
        Self(Arc::new(Mutex::new(State { data, ..State::default() })))
    }

    /// A value; `None` when there is none of this name.
    ///
    /// # Errors
    ///
    /// 500 when it is none of this type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.lock().data.get(name).cloned() else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|error| wrong(name, &error))
    }

    /// Sets a value. One that is the same already is no change.
    ///
    /// # Errors
    ///
    /// 500 when it cannot be written as JSON.
    pub fn insert(&self, name: impl Into<String>, value: impl Serialize) -> Result<(), Error> {
        let name = name.into();
        let value = serde_json::to_value(value).map_err(|error| wrong(&name, &error))?;
        let mut state = self.lock();
        if state.data.get(&name) != Some(&value) {
            state.data.insert(name, value);
            state.changed = true;
        }
        Ok(())
    }

    /// Removes a value; whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let mut state = self.lock();
        let was = state.data.remove(name).is_some();
        state.changed |= was;
        was
    }

    /// Forgets everything: the session ends and its cookie is taken back.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.changed |= !state.data.is_empty();
        state.data.clear();
    }

    /// Gives the session a new id and keeps its values. To be called when a visitor logs in, so that an id that
    /// somebody else knows is worth nothing.
    pub fn renew(&self) {
        self.lock().renewed = true;
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.lock().data.is_empty()
    }

    pub(super) fn take(&self) -> State {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.touched = true;
        state
    }
}

fn wrong(name: &str, error: &serde_json::Error) -> Error {
    Error::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the session's value `{name}`: {error}"))
}

impl FromRequestParts for Session {
    async fn from_request_parts(request: &mut Request) -> Result<Self, Error> {
        request.extensions().get().cloned().ok_or_else(|| {
            let message = "a handler takes Session, but the app has no Sessions middleware";
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secret.
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
