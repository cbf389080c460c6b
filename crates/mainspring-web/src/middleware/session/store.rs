//! Where sessions are kept on the server's side.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::error::Error;

/// The values of a session by their names.
pub type SessionData = serde_json::Map<String, serde_json::Value>;

/// Keeps sessions: in memory ([`MemorySessions`](super::MemorySessions)), in a database, in a cache.
///
/// Ids are 43 letters, digits, `-` and `_` of 256 random bits.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mainspring_web::Error;
/// use mainspring_web::middleware::{SessionData, SessionStore};
///
/// struct Forgetful;
///
/// impl SessionStore for Forgetful {
///     async fn load(&self, _id: &str) -> Result<Option<SessionData>, Error> {
///         Ok(None)
///     }
///     async fn save(&self, _id: &str, _data: SessionData, _lifetime: Duration) -> Result<(), Error> {
///         Ok(())
///     }
///     async fn remove(&self, _id: &str) -> Result<(), Error> {
///         Ok(())
///     }
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Gives what was saved; `None` when there is nothing or its lifetime is over.
    ///
    /// # Errors
    ///
    /// When it cannot be told; the request is answered with the error.
    fn load(&self, id: &str) -> impl Future<Output = Result<Option<SessionData>, Error>> + Send;

    /// Saves a session for a time, in the place of the last one of this id.
    ///
    /// # Errors
    ///
    /// When it could not be saved; the request is answered with the error.
    fn save(
        &self,
        id: &str,
        data: SessionData,
        lifetime: Duration,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Forgets a session; it is no error when there is none.
    ///
    /// # Errors
    ///
    /// When it could not be removed; the request is answered with the error.
    fn remove(&self, id: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A store whose type is forgotten.
pub(super) trait AnyStore: Send + Sync {
    fn load<'a>(&'a self, id: &'a str) -> Answer<'a, Option<SessionData>>;
    fn save<'a>(&'a self, id: &'a str, data: SessionData, lifetime: Duration) -> Answer<'a, ()>;
    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
}

impl<S: SessionStore> AnyStore for S {
    fn load<'a>(&'a self, id: &'a str) -> Answer<'a, Option<SessionData>> {
        Box::pin(SessionStore::load(self, id))
    }

    fn save<'a>(&'a self, id: &'a str, data: SessionData, lifetime: Duration) -> Answer<'a, ()> {
        Box::pin(SessionStore::save(self, id, data, lifetime))
    }

    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(SessionStore::remove(self, id))
    }
}
