use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use ::config::{Value, ValueKind};
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, Error as _, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use zeroize::Zeroizing;

use super::access::{Entries, Items, Variant};
use super::document::{self, Document};
use super::fault::{Fault, Place, What};
use super::origin::Origin;
use super::path::Path;
use super::schema::nearest;
use super::secret;
use super::sources::Files;
use super::tree::{Content, entries, quote};

/// What the reading of a tree finds out on its way.
pub(super) struct Findings<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) hasher: &'a RandomState,
    pub(super) unknown: RefCell<Vec<Unknown>>,
    /// A fingerprint of each secret, by which a change can be told.
    pub(super) secrets: RefCell<BTreeMap<Vec<String>, u64>>,
    /// The last value that was given away as what it is, so that nobody knows what its type was read into.
    buffered: RefCell<Vec<String>>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(files: &'a dyn Files, hasher: &'a RandomState) -> Self {
        Findings {
            files,
            hasher,
            unknown: RefCell::default(),
            secrets: RefCell::default(),
            buffered: RefCell::default(),
        }
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
    input: Input<'a>,
    path: &'a Path<'a>,
    document: &'a Document,
    findings: &'a Findings<'a>,
    /// Where the input was written, when it is no value of the layers.
    written: Option<&'a Origin>,
    secret: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    Value(&'a Value),
    /// A key, a part of a list, or what a file of a secret holds.
    Text(&'a str),
}

impl<'a> Reader<'a> {
    /// Reads something in this one's stead or below it.
    pub(super) fn with(self, input: Input<'a>, path: &'a Path<'a>) -> Reader<'a> {
        Reader { input, path, ..self }
    }

    pub(super) fn written(self, origin: &'a Origin) -> Reader<'a> {
        Reader { written: Some(origin), ..self }
    }

    pub(super) fn path(&self) -> &'a Path<'a> {
        self.path
    }

    pub(super) fn origin(&self) -> Origin {
        match (self.written, self.input) {
            (Some(origin), _) => origin.clone(),
            (None, Input::Value(value)) => self.document.origin(value, &self.path.parts()),
            (None, Input::Text(_)) => Origin::Default,
        }
    }

    /// Where the key of a value below this one was written.
    pub(super) fn key_origin(&self, value: &Value, path: &Path<'_>) -> Origin {
        self.written.cloned().unwrap_or_else(|| self.document.key_origin(value, &path.parts()))
    }

    /// Notes where the fault is, unless a value further in has done so.
    pub(super) fn place<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        self.placed(result, |reader| {
            let buffered = reader.findings.buffered.borrow();
            let is_buffered = !buffered.is_empty() && buffered.starts_with(&reader.path.parts());
            if is_buffered { reader.kind_name().to_owned() } else { reader.describe() }
        })
    }

    /// The same, where a secret may be somewhere in the value: what kind it is of is all that is said.
    fn place_whole<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        self.placed(result, |reader| reader.kind_name().to_owned())
    }

    fn placed<T>(&self, result: Result<T, Fault>, found: impl FnOnce(&Self) -> String) -> Result<T, Fault> {
        result.map_err(|mut fault| {
            fault.place.get_or_insert_with(|| Place {
                path: self.path.parts(),
                origin: self.origin(),
                found: (!self.secret).then(|| found(self)),
            });
            fault
        })
    }

    fn describe(&self) -> String {
        match self.input {
            Input::Text(text) => quote(text),
            Input::Value(value) => Content(value, self.document).describe(),
        }
    }

    fn kind_name(&self) -> &'static str {
        match self.kind() {
            ValueKind::I64(_) | ValueKind::I128(_) => "an integer",
            ValueKind::Float(_) => "a number",
            ValueKind::Boolean(_) => "true or false",
            ValueKind::Array(_) => "a list",
            ValueKind::Table(_) => "a table",
            _ => "a text",
        }
    }

    /// A text whose meaning is open: of a variable or a flag, but not of a string in a document.
    fn open(&self) -> Option<&'a str> {
        match (self.input, self.kind()) {
            (Input::Text(text), _) => Some(text),
            (_, ValueKind::String(text)) => Some(text),
            _ => None,
        }
    }

    fn any_text(&self) -> Option<&'a str> {
        match self.input {
            Input::Text(text) => Some(text),
            Input::Value(value) => self.document.text(value),
        }
    }

    fn kind(&self) -> &'a ValueKind {
        match self.input {
            Input::Value(value) => &value.kind,
            Input::Text(_) => &ValueKind::Nil,
        }
    }

    /// Reads what a text says that is written like a value in a file.
    fn inline(self, parsed: &'a (Value, Document), written: &'a Origin) -> Reader<'a> {
        Reader { input: Input::Value(&parsed.0), document: &parsed.1, ..self.written(written) }
    }

    fn wrong<T>(&self, expected: &dyn Expected) -> Result<T, Fault> {
        Err(Fault::invalid_type(Unexpected::Unit, expected))
    }

    /// Gives the value as what it is.
    fn plain<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        if let Some(parsed) = self.open().and_then(document::inline) {
            return self.inline(&parsed, &self.origin()).plain(visitor);
        }
        match self.kind() {
            ValueKind::I128(number) => integer(*number, visitor),
            ValueKind::Float(number) => visitor.visit_f64(*number),
            ValueKind::Boolean(value) => visitor.visit_bool(*value),
            ValueKind::Array(items) => {
                visitor.visit_seq(Items::new(*self, items.iter().map(Input::Value).collect()))
            }
            ValueKind::Table(table) => visitor.visit_map(Entries::new(*self, entries(table))),
            _ => visitor.visit_str(self.any_text().unwrap_or_default()),
        }
    }

    /// Gives a number; of a text, the number that is written there.
    fn number<'de, N: FromStr, V: Visitor<'de>>(
        &self,
        visitor: V,
        give: impl FnOnce(N, V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        let Some(text) = self.open() else { return self.plain(visitor) };
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
        let Some(text) = self.open() else { return give(*self, visitor) };
        match document::inline(text) {
            Some(parsed) => give(self.inline(&parsed, &self.origin()), visitor),
            None => self.wrong(&visitor),
        }
    }

    fn list<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        match self.open() {
            Some(text) if !text.trim_start().starts_with('[') => {
                let parts = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
                let list = self.origin();
                visitor.visit_seq(Items::new(self.written(&list), parts.map(Input::Text).collect()))
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
            let ValueKind::Table(table) = reader.kind() else { return reader.wrong(&visitor) };
            let (known, unknown): (Vec<_>, Vec<_>) =
                entries(table).into_iter().partition(|(key, _)| fields.contains(&key.as_str()));
            for (key, value) in unknown {
                let path = Path::Key(reader.path, key);
                let origin = reader.key_origin(value, &path);
                let unknown = Unknown { path: path.parts(), origin, known: fields };
                reader.findings.unknown.borrow_mut().push(unknown);
            }
            visitor.visit_map(Entries::new(reader, known))
        })
    }

    fn variant<'de, V: Visitor<'de>>(
        self,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match (self.any_text(), self.kind()) {
            (Some(text), _) => {
                let name: StrDeserializer<'_, Fault> = text.into_deserializer();
                // A text that is no variant may be meant as what a variant holds.
                let near = nearest(text, variants).is_some();
                let result = visitor.visit_enum(name);
                if near { self.place(result) } else { self.place_whole(result) }
            }
            (None, ValueKind::Table(table)) if table.len() == 1 => {
                let (name, value) = table.iter().next().expect("there is one entry");
                visitor.visit_enum(Variant { reader: self, name, value })
            }
            _ => Err(Fault::new(What::OneOf(variants.to_vec()))),
        }
    }

    /// Reads a value that is not to be shown, out of the file that holds it when there is one.
    fn secret<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        let hidden = Reader { secret: true, ..*self };
        let held = hidden.held()?;
        let inside = match &held {
            Some((text, origin)) => {
                hidden.written(origin).with(Input::Text(without_newline(text)), self.path)
            }
            None => hidden,
        };
        let print = match inside.input {
            Input::Text(text) => self.findings.hasher.hash_one(text),
            Input::Value(value) => self.findings.hasher.hash_one(Content(value, self.document)),
        };
        self.findings.secrets.borrow_mut().insert(self.path.parts(), print);
        inside.place(visitor.visit_newtype_struct(inside))
    }

    /// What stands in the file of `{ file = "…" }`, and where that is written; `None` when the value stands here.
    fn held(&self) -> Result<Option<(Zeroizing<String>, Origin)>, Fault> {
        let ValueKind::Table(table) = self.kind() else { return Ok(None) };
        let Some(value) = table.get("file").filter(|_| table.len() == 1) else { return Ok(None) };
        let below = Path::Key(self.path, "file");
        let inside = self.with(Input::Value(value), &below);
        let Some(path) = inside.any_text() else { return Ok(None) };
        let origin = inside.origin();
        match self.findings.files.read(path.as_ref()) {
            Ok(text) => Ok(Some((text, origin))),
            Err(error) => {
                let message = format!("cannot read the secret from {path}: {error}");
                self.written(&origin).place(Err(Fault::new(What::Whole(message))))
            }
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
        *self.findings.buffered.borrow_mut() = self.path.parts();
        self.place_whole(self.plain(visitor))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.place(self.number(visitor, |number, visitor| visitor.visit_f64(number)))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Some(text) = self.open() else { return self.place(self.plain(visitor)) };
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
        self.place(match self.open() {
            Some(text) => visitor.visit_str(text),
            None => self.plain(visitor),
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
        self.place_whole(self.list(visitor))
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
        self.place_whole(self.nested(visitor, |reader, visitor| reader.plain(visitor)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.place_whole(self.record(fields, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if let Some(text) = self.open().filter(|text| text.trim_start().starts_with('{')) {
            let Some(parsed) = document::inline(text) else {
                return self.place_whole(Err(Fault::new(What::OneOf(variants.to_vec()))));
            };
            return self.place_whole(self.inline(&parsed, &self.origin()).variant(variants, visitor));
        }
        self.place(self.variant(variants, visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct }
}

impl<'de> IntoDeserializer<'de, Fault> for Reader<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads the whole tree.
pub(super) fn read<T: de::DeserializeOwned>(
    tree: &Value,
    document: &Document,
    findings: &Findings<'_>,
) -> Result<T, Fault> {
    let (input, path) = (Input::Value(tree), &Path::Root);
    T::deserialize(Reader { input, path, document, findings, written: None, secret: false })
}
