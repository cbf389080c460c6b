//! Reads typed values from named pieces of text: what path, query and forms have in common.

mod failure;
mod forward;
mod group;
mod percent;
mod value;

use std::borrow::Cow;

use serde::de::value::MapDeserializer;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

pub(crate) use failure::Failure;
pub(crate) use percent::percent_decoded;
#[cfg(feature = "multipart")]
pub(crate) use value::FILE;
pub(crate) use value::Value;

use forward::{forward_all, forward_to_only};
use group::grouped;

/// A name and what it stands for.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Values of a path: few, each with a name of its own, and in order.
pub(super) struct InOrder<'a>(Vec<Value<'a>>);

impl<'a> InOrder<'a> {
    pub(super) fn new(pairs: Vec<Pair<'a>>) -> Self {
        Self(pairs.into_iter().map(Value::text).collect())
    }

    /// The value, when there is exactly one.
    fn only(self) -> Result<Value<'a>, Failure> {
        let count = self.0.len();
        match self.0.into_iter().next() {
            Some(value) if count == 1 => Ok(value),
            _ => Err(Failure(format!("one value is wanted, but the route has {count} parameters"))),
        }
    }
}

impl<'de> Deserializer<'de> for InOrder<'de> {
    type Error = Failure;

    forward_to_only! { deserialize_any }
    forward_all! {}

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(Each(self.0.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Failure> {
        if self.0.len() != len {
            return Err(Failure(format!("{len} values are wanted, but there are {}", self.0.len())));
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
        visitor.visit_map(MapDeserializer::new(self.0.into_iter().map(|value| (value.key(), value))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}

struct Each<'a>(std::vec::IntoIter<Value<'a>>);

impl<'de> SeqAccess<'de> for Each<'de> {
    type Error = Failure;

    fn next_element_seed<T: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        self.0.next().map(|value| seed.deserialize(value)).transpose()
    }
}

/// Values of a query or a form: any number, in no order, and a name may come more than once.
pub(crate) struct ByName<'a>(pub(crate) Vec<Value<'a>>);

impl<'a> ByName<'a> {
    pub(crate) fn new(pairs: Vec<Pair<'a>>) -> Self {
        Self(pairs.into_iter().map(Value::text).collect())
    }
}

impl<'de> Deserializer<'de> for ByName<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(MapDeserializer::new(grouped(self.0)))
    }

    forward_all! {}

    /// Pairs in order, `Vec<(String, String)>` say.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let pairs = self.0.into_iter().map(|value| (value.key(), value));
        MapDeserializer::<_, Failure>::new(pairs).deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Failure> {
        Err(Failure::custom("named values are read into a struct, a map or a list of pairs"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf tuple tuple_struct
        map struct identifier ignored_any
    }
}
