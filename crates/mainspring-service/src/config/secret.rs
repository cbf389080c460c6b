use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

/// The name by which the reader of settings knows that a value is not to be shown.
pub(super) const NAME: &str = "$mainspring::config::Secret";

/// What stands for a secret wherever one would be shown.
pub(super) const MASK: &str = "<hidden>";

/// A value that is never shown: not by `Debug`, not by `Display`, not when it is serialized, and in no error of its
/// settings. Only [`expose`](Secret::expose) gives it away, so every use can be found by that word.
///
/// In a file it is the value itself or the name of a file that holds it, `token = { file = "/run/secrets/token" }`;
/// in the environment `RATES_TOKEN`, or `RATES_TOKEN_FILE` with the name of a file. One newline at the end of such a
/// file is no part of the secret, and a relative name starts at the working directory. A command line can be read by every user of the machine: keep secrets out of it.
///
/// In a struct that is flattened into another one, serde hands its value on by itself, so only the value can stand
/// there and not the name of a file.
///
/// Its memory is overwritten when it is dropped. Copies made elsewhere on the way (by the operating system in the
/// environment of the process, by an allocator that moves a growing buffer) are beyond its reach.
///
/// ```
/// use mainspring_service::config::Secret;
///
/// let token = Secret::new("hunter2".to_owned());
/// assert_eq!(format!("{token} {token:?}"), "<hidden> Secret(<hidden>)");
/// assert_eq!(serde_json::to_string(&token).unwrap(), r#""<hidden>""#);
/// assert_eq!(token.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T: Zeroize> {
    value: Zeroizing<T>,
}

impl<T: Zeroize> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Secret { value: Zeroizing::new(value) }
    }

    /// The value, for the one who needs it.
    pub fn expose(&self) -> &T {
        &self.value
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Secret::new(value)
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({MASK})")
    }
}

impl<T: Zeroize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Inside(PhantomData)).map(Secret::new)
    }
}

struct Inside<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Inside<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}
