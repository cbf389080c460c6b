use ::config::Value;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::fault::Fault;
use super::path::Path;
use super::reader::{Input, Reader};

/// Gives the items of a list one by one.
pub(super) struct Items<'a> {
    list: Reader<'a>,
    items: std::iter::Enumerate<std::vec::IntoIter<Input<'a>>>,
}

impl<'a> Items<'a> {
    pub(super) fn new(list: Reader<'a>, items: Vec<Input<'a>>) -> Self {
        Items { list, items: items.into_iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some((index, input)) = self.items.next() else { return Ok(None) };
        let path = Path::Element(self.list.path(), index);
        let reader = self.list.with(input, &path);
        reader.place(seed.deserialize(reader)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// Gives the entries of a table one by one.
pub(super) struct Entries<'a> {
    table: Reader<'a>,
    entries: std::vec::IntoIter<(&'a String, &'a Value)>,
    value: Option<(&'a String, &'a Value)>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(table: Reader<'a>, entries: Vec<(&'a String, &'a Value)>) -> Self {
        Entries { table, entries: entries.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.value = self.entries.next();
        let Some((key, value)) = self.value else { return Ok(None) };
        let path = Path::Key(self.table.path(), key);
        let origin = self.table.key_origin(value, &path);
        // The key may have a type of its own, a number for one.
        let reader = self.table.written(&origin).with(Input::Text(key), &path);
        reader.place(seed.deserialize(reader)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (key, value) = self.value.take().expect("serde asks for a value after its key");
        let path = Path::Key(self.table.path(), key);
        let reader = self.table.with(Input::Value(value), &path);
        reader.place(seed.deserialize(reader))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// Gives a variant that holds something: `{ name = value }`.
pub(super) struct Variant<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Variant<'a>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.name.into_deserializer();
        let path = Path::Key(self.reader.path(), self.name);
        let origin = self.reader.key_origin(self.value, &path);
        let variant =
            self.reader.written(&origin).with(Input::Text(self.name), &path).place(seed.deserialize(name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let path = Path::Key(self.reader.path(), self.name);
        let reader = self.reader.with(Input::Value(self.value), &path);
        reader.place(seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        let path = Path::Key(self.reader.path(), self.name);
        self.reader.with(Input::Value(self.value), &path).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let path = Path::Key(self.reader.path(), self.name);
        self.reader.with(Input::Value(self.value), &path).deserialize_struct("", fields, visitor)
    }
}
