//! Keys that seal cookies.

use std::fmt;

use cookie::Key;
use http::StatusCode;

use crate::error::Error;

/// A secret that seals session cookies; 64 bytes, of which each is random.
///
/// All processes that serve the same visitors need the same.
#[derive(Clone)]
pub struct SessionKey(pub(super) Key);

/// What the encryption and the signature need.
const LENGTH: usize = 64;

impl SessionKey {
    /// Takes a key from a secret: its first 64 bytes.
    ///
    /// # Errors
    ///
    /// When there are less.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < LENGTH {
            let message = format!("a session key has {LENGTH} bytes, not {}", secret.len());
            return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, message));
        }
        Ok(Self(Key::from(secret)))
    }

    /// Makes a new one, by the randomness of the system. Sessions do not outlive the process then.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, Error> {
        let mut secret = [0; LENGTH];
        getrandom::fill(&mut secret)?;
        Self::new(&secret)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey")
    }
}
