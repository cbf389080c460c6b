use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, Error as _, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Entries, Items, Variant};
use super::document;
use super::fault::{Fault, Place, What};
use super::node::{Kind, Node, element};
use super::origin::Origin;
use super::secret;
use super::sources::Files;

/// What the reading of a tree finds out on its way.
pub(super) struct Findings<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) hasher: &'a RandomState,
    pub(super) unknown: RefCell<Vec<Unknown>>,
    /// A fingerprint of each secret, by which a change can be told.
    pub(super) secrets: RefCell<BTreeMap<Vec<String>, u64>>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(files: &'a dyn Files, hasher: &'a RandomState) -> Self {
        Findings { files, hasher, unknown: RefCell::default(), secrets: RefCell::default() }
    }
}

/// A key that the struct around it does not have.
pub(super) struct Unknown {
    pub(super) path: Vec<String>,
    pub(super) origin: Origin,
    /// The keys the struct has.
    pub(super) known: &'static [&'static str],
}

/// Reads one value; the type that is read decides what a text means.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    node: &'a Node,
    path: &'a Path<'a>,
    findings: &'a Findings<'a>,
    secret: bool,
}

/// The way from the root to a value, as a chain that lives on the stack.
pub(super) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(super) fn parts(&self) -> Vec<String> {
        let (above, last) = match self {
            Path::Root => return Vec::new(),
            Path::Key(above, key) => (above, (*key).to_owned()),
            Path::Element(above, index) => (above, element(*index)),
        };
        let mut parts = above.parts();
        parts.push(last);
        parts
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(node: &'a Node, findings: &'a Findings<'a>) -> Self {
        Reader { node, path: &Path::Root, findings, secret: false }
    }

    /// Reads another value in this one's stead or below it.
    pub(super) fn with(self, node: &'a Node, path: &'a Path<'a>) -> Reader<'a> {
        Reader { node, path, ..self }
    }

    pub(super) fn path(&self) -> &'a Path<'a> {
        self.path
    }

    /// Notes where the fault is, unless a value further in has done so.
    pub(super) fn place<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|mut fault| {
            fault.place.get_or_insert_with(|| Place {
                path: self.path.parts(),
                origin: self.node.origin.clone(),
                found: (!self.secret).then(|| self.node.describe()),
            });
            fault
        })
    }

    fn wrong<T>(&self, expected: &dyn Expected) -> Result<T, Fault> {
        Err(Fault::invalid_type(Unexpected::Unit, expected))
    }

    /// Gives the value as what it is.
    fn plain<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Text(text) => match document::inline(text, &self.node.origin) {
                Some(node) if !matches!(node.kind, Kind::String(_)) => {
                    self.with(&node, self.path).plain(visitor)
                }
                _ => visitor.visit_str(text),
            },
            Kind::String(text) => visitor.visit_str(text),
            Kind::Integer(number) => integer(*number, visitor),
            Kind::Float(number) => visitor.visit_f64(*number),
            Kind::Bool(value) => visitor.visit_bool(*value),
            Kind::List(items) => visitor.visit_seq(Items::new(*self, items)),
            Kind::Table(entries) => visitor.visit_map(Entries::new(*self, entries.iter().collect())),
        }
    }

    /// Gives a number; of a text, the number that is written there.
    fn number<'de, N: FromStr, V: Visitor<'de>>(
        &self,
        visitor: V,
        give: impl FnOnce(N, V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        let Kind::Text(text) = &self.node.kind else { return self.plain(visitor) };
        match text.trim().parse() {
            Ok(number) => give(number, visitor),
            Err(_) => self.wrong(&visitor),
        }
    }

    /// Gives a list or a table; of a text, the one that is written there as in a file.
    fn nested<'de, V: Visitor<'de>>(
        &self,
        visitor: V,
        give: impl FnOnce(Reader<'_>, V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        let Kind::Text(text) = &self.node.kind else { return give(*self, visitor) };
        match document::inline(text, &self.node.origin) {
            Some(node) if !matches!(node.kind, Kind::String(_)) => give(self.with(&node, self.path), visitor),
            _ => self.wrong(&visitor),
        }
    }

    fn list<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Text(text) if !text.trim_start().starts_with('[') => {
                let part = |part: &str| Node::text(part.trim(), self.node.origin.clone());
                let empty = text.trim().is_empty();
                let items: Vec<_> = if empty { Vec::new() } else { text.split(',').map(part).collect() };
                visitor.visit_seq(Items::new(*self, &items))
            }
            _ => self.nested(visitor, |reader, visitor| reader.plain(visitor)),
        }
    }

    fn record<'de, V: Visitor<'de>>(
        &self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.nested(visitor, |reader, visitor| {
            let Kind::Table(entries) = &reader.node.kind else { return reader.wrong(&visitor) };
            let (known, unknown): (Vec<_>, Vec<_>) =
                entries.iter().partition(|(key, _)| fields.contains(&key.as_str()));
            for (key, node) in unknown {
                let path = Path::Key(reader.path, key).parts();
                let unknown = Unknown { path, origin: node.named.clone(), known: fields };
                reader.findings.unknown.borrow_mut().push(unknown);
            }
            visitor.visit_map(Entries::new(reader, known))
        })
    }

    /// Reads a value that is not to be shown, out of the file that holds it when there is one.
    fn secret<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        let hidden = Reader { secret: true, ..*self };
        let held = hidden.held()?;
        let node = held.as_ref().unwrap_or(self.node);
        let print = self.findings.hasher.hash_one(node);
        self.findings.secrets.borrow_mut().insert(self.path.parts(), print);
        let inside = hidden.with(node, self.path);
        inside.place(visitor.visit_newtype_struct(inside))
    }

    /// What stands in the file of `{ file = "…" }`; `None` when the value stands here.
    fn held(&self) -> Result<Option<Node>, Fault> {
        let Kind::Table(entries) = &self.node.kind else { return Ok(None) };
        let mut entries = entries.iter();
        let (Some((key, node)), None) = (entries.next(), entries.next()) else { return Ok(None) };
        let (Kind::Text(path) | Kind::String(path)) = &node.kind else { return Ok(None) };
        if key != "file" {
            return Ok(None);
        }
        let path = path.as_str();
        let refuse = |error: &dyn Display| {
            self.with(node, self.path)
                .place(Err(Fault::new(What::Whole(format!("cannot read the secret from {path}: {error}")))))
        };
        match self.findings.files.read(path.as_ref()) {
            Ok(text) => Ok(Some(Node::text(without_newline(&text), node.origin.clone()))),
            Err(error) => refuse(&error),
        }
    }
}

/// Editors end a file with a newline that nobody meant.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn integer<'de, V: Visitor<'de>>(number: i128, visitor: V) -> Result<V::Value, Fault> {
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), _) => visitor.visit_i64(number),
        (_, Ok(number)) => visitor.visit_u64(number),
        _ => visitor.visit_i128(number),
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.place(self.number(visitor, integer))
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(self.plain(visitor))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(self.number(visitor, |number, visitor| visitor.visit_f64(number)))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Kind::Text(text) = &self.node.kind else { return self.deserialize_any(visitor) };
        self.place(match text.trim() {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => self.wrong(&visitor),
        })
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(match &self.node.kind {
            Kind::Text(text) => visitor.visit_str(text),
            _ => self.plain(visitor),
        })
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(visitor.visit_some(self))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            secret::NAME => self.secret(visitor),
            _ => self.place(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(self.list(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(self.nested(visitor, |reader, visitor| reader.plain(visitor)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.place(self.record(fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match &self.node.kind {
            Kind::Text(text) | Kind::String(text) => {
                let name: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            Kind::Table(entries) if entries.len() == 1 => {
                let (name, node) = entries.iter().next().expect("there is one entry");
                visitor.visit_enum(Variant { reader: self, name, node })
            }
            _ => Err(Fault::new(What::OneOf(variants.to_vec()))),
        };
        self.place(result)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct identifier }
}

impl<'de> IntoDeserializer<'de, Fault> for Reader<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads the whole tree.
pub(super) fn read<T: de::DeserializeOwned>(tree: &Node, findings: &Findings<'_>) -> Result<T, Fault> {
    T::deserialize(Reader::new(tree, findings))
}
