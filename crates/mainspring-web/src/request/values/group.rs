//! All values of one name.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::value::SeqDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::failure::Failure;
use super::forward::forward_to_only;
use super::value::{Key, Value};

/// One name's values, in order.
pub(super) struct Group<'a> {
    first: Value<'a>,
    more: Vec<Value<'a>>,
}

/// Up to here a list is searched faster than a map.
const FEW: usize = 8;

/// Brings values of the same name together, names in the order of their first value.
pub(super) fn grouped<'a>(values: Vec<Value<'a>>) -> impl Iterator<Item = (Key<'a>, Group<'a>)> {
    let many = values.len() > FEW;
    let mut groups: Vec<Group<'a>> = Vec::with_capacity(values.len());
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
    for value in values {
        let place = if many {
            places.get(&value.name).copied()
        } else {
            groups.iter().position(|group| group.first.name == value.name)
        };
        match place.and_then(|place| groups.get_mut(place)) {
            Some(group) => group.more.push(value),
            None => {
                if many {
                    places.insert(value.name.clone(), groups.len());
                }
                groups.push(Group { first: value, more: Vec::new() });
            }
        }
    }
    groups.into_iter().map(|group| (group.first.key(), group))
}

impl<'a> Group<'a> {
    /// The value, when the name came once.
    fn only(self) -> Result<Value<'a>, Failure> {
        if self.more.is_empty() {
            return Ok(self.first);
        }
        Err(Failure(format!("`{}` is given {} times, but may be once", self.first.name, self.more.len() + 1)))
    }

    fn values(self) -> impl Iterator<Item = Value<'a>> {
        std::iter::once(self.first).chain(self.more)
    }
}

impl<'de> IntoDeserializer<'de, Failure> for Group<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Group<'de> {
    type Error = Failure;

    forward_to_only! { deserialize_unit }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.more.is_empty() { self.first.deserialize_any(visitor) } else { self.deserialize_seq(visitor) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.more.is_empty() && self.first.is_blank() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if Value::is_leaf(name) {
            return self.only()?.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        SeqDeserializer::<_, Failure>::new(self.values()).deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Failure> {
        let count = self.more.len() + 1;
        if count != len {
            return Err(Failure(format!("`{}` must be given {len} times, not {count}", self.first.name)));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit_struct tuple_struct map struct }
}
