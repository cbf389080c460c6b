//! One named piece of text, or of a form, one file.

use std::borrow::Cow;

use serde::de::value::CowStrDeserializer;
use serde::de::{Deserializer, EnumAccess, Error as _, IntoDeserializer, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Pair;
use super::failure::Failure;

/// The name of the type that stands for a file; it reads the file's number.
pub(crate) const FILE: &str = "$mainspring::file";

/// One named piece of text, or the number of a file.
pub(crate) struct Value<'a> {
    pub(super) name: Cow<'a, str>,
    text: Cow<'a, str>,
    file: Option<u64>,
}

/// The name of a value.
pub(crate) struct Key<'a>(Cow<'a, str>);

impl<'a> Value<'a> {
    pub(crate) fn text((name, text): Pair<'a>) -> Self {
        Self { name, text, file: None }
    }

    #[cfg(feature = "multipart")]
    pub(crate) fn file(name: Cow<'a, str>, number: u64) -> Self {
        Self { name, text: Cow::Borrowed(""), file: Some(number) }
    }

    pub(super) fn key(&self) -> Key<'a> {
        Key(self.name.clone())
    }

    /// Whether somebody left the field of a form empty.
    pub(super) fn is_blank(&self) -> bool {
        self.file.is_none() && self.text.is_empty()
    }

    /// Whether the type of this name is read from a value itself, not from what it wraps.
    pub(super) fn is_leaf(type_name: &str) -> bool {
        type_name == FILE
    }

    fn into_text(self) -> Result<Cow<'a, str>, Failure> {
        match self.file {
            None => Ok(self.text),
            Some(_) => Err(Failure(format!("`{}` is a file, but text is wanted", self.name))),
        }
    }

    fn named(name: &str, failure: Failure) -> Failure {
        Failure(format!("`{name}`: {}", failure.0))
    }
}

impl<'de> IntoDeserializer<'de, Failure> for Key<'de> {
    type Deserializer = CowStrDeserializer<'de, Failure>;

    fn into_deserializer(self) -> Self::Deserializer {
        CowStrDeserializer::new(self.0)
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
            let name = self.name.clone();
            let text = self.into_text()?;
            let value: $type = text.parse().map_err(|_| {
                Failure(format!("`{name}`: {text:?} is no {}", stringify!($type)))
            })?;
            visitor.$visit(value).map_err(|failure| Value::named(&name, failure))
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
        let name = self.name.clone();
        let text: CowStrDeserializer<'de, Failure> = CowStrDeserializer::new(self.into_text()?);
        text.deserialize_any(visitor).map_err(|failure| Value::named(&name, failure))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_blank() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        type_name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.file {
            Some(number) if type_name == FILE => visitor.visit_u64(number),
            None if type_name == FILE => {
                Err(Failure(format!("`{}` is text, but a file is wanted", self.name)))
            }
            _ => visitor.visit_newtype_struct(self),
        }
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

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

impl<'de> EnumAccess<'de> for Value<'de> {
    type Error = Failure;
    type Variant = Unit;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Unit), Failure> {
        Ok((seed.deserialize(CowStrDeserializer::<Failure>::new(self.into_text()?))?, Unit))
    }
}

/// Text can only name a variant without fields.
pub(crate) struct Unit;

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
