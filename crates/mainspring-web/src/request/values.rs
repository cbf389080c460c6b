//! Reads typed values from named pieces of text: what path and query have in common.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{CowStrDeserializer, MapDeserializer};
use serde::de::{Deserializer, EnumAccess, Error as _, IntoDeserializer, SeqAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Named values, in order.
pub(super) struct Values<'a> {
    pairs: Vec<Pair<'a>>,
    by_name: bool,
}

impl<'a> Values<'a> {
    /// Values that may be read by place as well as by name.
    pub(super) fn new(pairs: Vec<Pair<'a>>) -> Self {
        Self { pairs, by_name: false }
    }

    /// Values that have no order.
    pub(super) fn by_name(pairs: Vec<Pair<'a>>) -> Self {
        Self { pairs, by_name: true }
    }

    /// The value, when there is exactly one.
    fn only(self) -> Result<Value<'a>, Failure> {
        let count = self.pairs.len();
        if self.by_name {
            return Err(Failure::custom("a query is read into a struct or a map"));
        }
        match self.pairs.into_iter().next() {
            Some((name, text)) if count == 1 => Ok(Value { name, text }),
            _ => Err(Failure(format!("one value is wanted, but the route has {count} parameters"))),
        }
    }
}

macro_rules! only {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Values<'de> {
    type Error = Failure;

    only! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.by_name { self.deserialize_map(visitor) } else { self.only()?.deserialize_any(visitor) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.pairs.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(InOrder(self.pairs.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Failure> {
        if self.by_name || self.pairs.len() != len {
            let count = self.pairs.len();
            return Err(Failure(format!("{len} values are wanted, but there are {count}")));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let pairs = self.pairs.into_iter().map(|(name, text)| (Key(name.clone()), Value { name, text }));
        visitor.visit_map(MapDeserializer::new(pairs))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}

struct InOrder<'a>(std::vec::IntoIter<Pair<'a>>);

impl<'de> SeqAccess<'de> for InOrder<'de> {
    type Error = Failure;

    fn next_element_seed<T: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        self.0.next().map(|(name, text)| seed.deserialize(Value { name, text })).transpose()
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de> IntoDeserializer<'de, Failure> for Key<'de> {
    type Deserializer = CowStrDeserializer<'de, Failure>;

    fn into_deserializer(self) -> Self::Deserializer {
        CowStrDeserializer::new(self.0)
    }
}

/// One named piece of text.
struct Value<'a> {
    name: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl Value<'_> {
    fn named(name: &str, failure: Failure) -> Failure {
        Failure(format!("`{name}`: {}", failure.0))
    }
}

impl<'de> IntoDeserializer<'de, Failure> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parse {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let value: $type = self.text.parse().map_err(|_| {
                Failure(format!("`{}`: {:?} is no {}", self.name, self.text, stringify!($type)))
            })?;
            visitor.$visit(value).map_err(|failure| Value::named(&self.name, failure))
        }
    )*};
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Failure;

    parse! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let text: CowStrDeserializer<'de, Failure> = CowStrDeserializer::new(self.text);
        text.deserialize_any(visitor).map_err(|failure| Value::named(&self.name, failure))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let name = self.name.clone();
        visitor.visit_enum(self).map_err(|failure| Value::named(&name, failure))
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Value<'de> {
    type Error = Failure;
    type Variant = Unit;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Unit), Failure> {
        Ok((seed.deserialize(CowStrDeserializer::<Failure>::new(self.text))?, Unit))
    }
}

/// Text can only name a variant without fields.
struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<T: serde::de::DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Failure> {
        Err(Failure::custom("a variant with fields cannot be read from text"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Failure> {
        Err(Failure::custom("a variant with fields cannot be read from text"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Failure> {
        Err(Failure::custom("a variant with fields cannot be read from text"))
    }
}

/// Why a value could not be read; names the value.
#[derive(Debug)]
pub(super) struct Failure(String);

impl serde::de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Decodes `%xx`, and `+` as a blank in a form; `None` when the outcome is not UTF-8.
///
/// A percent sign without two hexadecimal digits stays as it is, as browsers have it.
pub(crate) fn percent_decoded(text: &str, form: bool) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| byte == b'%' || (form && byte == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if form => decoded.push(b' '),
            b'%' => match hex_pair(bytes.as_slice()) {
                Some(value) => {
                    decoded.push(value);
                    bytes.nth(1);
                }
                None => decoded.push(b'%'),
            },
            _ => decoded.push(*byte),
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_decoded() {
        assert_eq!(percent_decoded("a%20b%C3%A9+", false).as_deref(), Some("a bé+"));
        assert_eq!(percent_decoded("a+b", true).as_deref(), Some("a b"));
    }

    #[test]
    fn a_lone_percent_sign_stays() {
        assert_eq!(percent_decoded("100%", false).as_deref(), Some("100%"));
        assert_eq!(percent_decoded("%zz%2", false).as_deref(), Some("%zz%2"));
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        assert_eq!(percent_decoded("%ff", false), None);
    }
}
