//! A value of any type.

use std::any::Any;
use std::fmt;

use serde::{Serialize, Serializer};

use super::registry::Registry;
use crate::error::Error;
use crate::response::{IntoResponse, Response};

/// A value whose type is known only at run time: a row of a database, a date, a map of such.
///
/// As an answer it is what the [`Registry`] makes of it. Without registration these work:
///
/// | value | answer |
/// |---|---|
/// | [`Payload::map`], [`Payload::list`], `serde_json::Value`, numbers, `bool`, `()`, `SystemTime` | JSON |
/// | `String`, `&'static str` | text; inside of a map or list, JSON |
/// | `Vec<u8>`, `Bytes` | binary |
/// | [`Response`] | itself |
///
/// Dates are written as ISO 8601 in UTC. What nobody has registered is a 500, and the log says which type it is,
/// where in the value it stands and how to register it.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
/// use mainspring_web::IntoResponse;
/// use mainspring_web::payload::Payload;
///
/// let data = Payload::map([("col", Payload::new(1)), ("at", Payload::new(SystemTime::UNIX_EPOCH))]);
/// let response = Payload::map([("data", data)]).into_response();
/// assert_eq!(response.header("content-type"), Some("application/json"));
/// assert_eq!(response.body().as_bytes(), Some(&br#"{"data":{"col":1,"at":"1970-01-01T00:00:00Z"}}"#[..]));
/// ```
pub struct Payload {
    pub(super) value: Box<dyn Any + Send + Sync>,
    pub(super) type_name: &'static str,
}

/// Names and values in order.
pub(super) struct Entries(pub(super) Vec<(String, Payload)>);

impl Payload {
    /// Holds a value.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        let mut value = Some(value);
        let any: &mut dyn Any = &mut value;
        if let Some(payload) = any.downcast_mut::<Option<Self>>().and_then(Option::take) {
            return payload;
        }
        let type_name = std::any::type_name::<T>();
        match value {
            Some(value) => Self { value: Box::new(value), type_name },
            None => Self { value: Box::new(()), type_name },
        }
    }

    /// Holds a map: a JSON object with its members in this order.
    pub fn map<N: Into<String>>(entries: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::new(Entries(entries.into_iter().map(|(name, value)| (name.into(), value)).collect()))
    }

    /// Holds a list: a JSON array.
    pub fn list(values: impl IntoIterator<Item = Self>) -> Self {
        Self::new(values.into_iter().collect::<Vec<Self>>())
    }

    /// The name of the type that it holds.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Whether it holds a `T`.
    pub fn is<T: Any>(&self) -> bool {
        self.value.is::<T>()
    }

    /// The value, if it is a `T`.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.value.downcast_ref()
    }

    /// Takes the value out, if it is a `T`.
    ///
    /// # Errors
    ///
    /// Itself, when it is not.
    pub fn downcast<T: Any>(self) -> Result<T, Self> {
        let Self { value, type_name } = self;
        value.downcast().map(|value| *value).map_err(|value| Self { value, type_name })
    }

    /// Writes it as JSON, as it would be inside of a map.
    ///
    /// # Errors
    ///
    /// 500 when it holds something that nobody has registered; the message names type and place.
    pub fn to_json(&self) -> Result<String, Error> {
        Registry::current().json(self)
    }
}

impl IntoResponse for Payload {
    fn into_response(self) -> Response {
        Registry::current().respond(self).unwrap_or_else(IntoResponse::into_response)
    }
}

/// Writes it as the [`Registry`] says that holds where it is written, in any format of serde.
///
/// So a payload may be a member of what derives `Serialize`:
///
/// ```
/// use mainspring_web::payload::Payload;
///
/// #[derive(serde::Serialize)]
/// struct Page { number: u32, rows: Vec<Payload> }
///
/// let page = Page { number: 1, rows: vec![Payload::map([("name", Payload::new("Ada"))])] };
/// assert_eq!(serde_json::to_string(&page).unwrap(), r#"{"number":1,"rows":[{"name":"Ada"}]}"#);
/// ```
impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::json::serialize(&Registry::current(), self, serializer)
    }
}

/// `null` when there is none.
impl<T: Any + Send + Sync> From<Option<T>> for Payload {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::new(()), Self::new)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&self.type_name).finish()
    }
}
