//! Sessions that travel in their cookie, sealed.

use cookie::{Cookie, CookieJar};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::key::SessionKey;
use super::store::SessionData;
use crate::error::Error;

/// What browsers take, name and attributes included (RFC 6265 §6.1).
const LARGEST: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// Encrypted and authenticated: the visitor cannot read it.
    Private,
    /// Authenticated only.
    Signed,
}

/// The keys, the newest first, and how they are used.
#[derive(Debug)]
pub(super) struct Sealer {
    pub(super) keys: Vec<SessionKey>,
    pub(super) seal: Seal,
}

/// What stands in the cookie.
#[derive(Deserialize, Serialize)]
struct Content {
    /// In seconds since 1970: what a client keeps longer is worth nothing.
    until: u64,
    data: SessionData,
}

impl Sealer {
    /// Opens a cookie's value with whichever key fits; `None` when none does or its time is over.
    pub(super) fn open(&self, name: &str, value: &str, now: u64) -> Option<SessionData> {
        let jar = CookieJar::new();
        let open = |key: &SessionKey| {
            let cookie = Cookie::new(name.to_owned(), value.to_owned());
            match self.seal {
                Seal::Private => jar.private(&key.0).decrypt(cookie),
                Seal::Signed => jar.signed(&key.0).verify(cookie),
            }
        };
        let cookie = self.keys.iter().find_map(open)?;
        let content: Content = serde_json::from_str(cookie.value()).ok()?;
        (content.until > now).then_some(content.data)
    }

    /// Seals values with the newest key.
    pub(super) fn close(&self, name: &str, data: SessionData, until: u64) -> Result<String, Error> {
        let Some(key) = self.keys.first() else { return Err(failed("a session has no key".to_owned())) };
        let text = serde_json::to_string(&Content { until, data })?;
        let mut jar = CookieJar::new();
        let cookie = Cookie::new(name.to_owned(), text);
        match self.seal {
            Seal::Private => jar.private_mut(&key.0).add(cookie),
            Seal::Signed => jar.signed_mut(&key.0).add(cookie),
        }
        let value = jar.get(name).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
        if name.len() + value.len() > LARGEST {
            let size = value.len();
            return Err(failed(format!("a session of {size} bytes fits no cookie: keep it in a store")));
        }
        Ok(value)
    }
}

fn failed(message: String) -> Error {
    Error::new(StatusCode::INTERNAL_SERVER_ERROR, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(keys: &[u8], seal: Seal) -> Sealer {
        let key = |byte: &u8| SessionKey::new(&[*byte; 64]).expect("it is long enough");
        Sealer { keys: keys.iter().map(key).collect(), seal }
    }

    fn data() -> SessionData {
        [("user".to_owned(), "ada".into())].into_iter().collect()
    }

    #[test]
    fn what_is_sealed_opens_with_the_key_and_in_time_only() {
        for seal in [Seal::Private, Seal::Signed] {
            let value = sealer(&[1], seal).close("s", data(), 100).expect("it fits");
            assert_eq!(sealer(&[1], seal).open("s", &value, 99), Some(data()));
            assert_eq!(sealer(&[1], seal).open("s", &value, 100), None);
            assert_eq!(sealer(&[2], seal).open("s", &value, 99), None);
            assert_eq!(sealer(&[1], seal).open("other", &value, 99).is_some(), seal == Seal::Signed);
        }
    }

    #[test]
    fn an_old_key_still_opens_and_the_new_one_seals() {
        let old = sealer(&[1], Seal::Private).close("s", data(), 100).expect("it fits");
        let both = sealer(&[2, 1], Seal::Private);
        assert_eq!(both.open("s", &old, 0), Some(data()));
        let new = both.close("s", data(), 100).expect("it fits");
        assert_eq!(sealer(&[2], Seal::Private).open("s", &new, 0), Some(data()));
    }

    #[test]
    fn a_value_that_was_changed_is_nothing() {
        for seal in [Seal::Private, Seal::Signed] {
            let value = sealer(&[1], seal).close("s", data(), 100).expect("it fits");
            for at in 0..value.len() {
                let mut bytes = value.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(bytes).expect("it is ASCII");
                // The last digit of base64 may stand for the same bytes.
                let opened = sealer(&[1], seal).open("s", &changed, 0);
                assert!(opened.is_none() || opened == Some(data()), "{at}");
            }
        }
    }

    #[test]
    fn a_private_one_cannot_be_read() {
        let value = sealer(&[1], Seal::Private).close("s", data(), 100).expect("it fits");
        assert!(!value.contains("ada"));
    }

    #[test]
    fn what_fits_no_cookie_is_told() {
        let data = [("text".to_owned(), "x".repeat(4096).into())].into_iter().collect();
        let error = sealer(&[1], Seal::Private).close("s", data, 100).expect_err("it is too large");
        assert!(error.to_string().contains("keep it in a store"), "{error}");
    }
}
