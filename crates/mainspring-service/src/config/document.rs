use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ::config::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::origin::Origin;
use super::path::element;
use super::problem::Problem;
use super::tree;

/// Of a file that is no TOML at all, this many errors say it.
const SYNTAX_ERRORS: usize = 5;

/// What `config` says of a value when the file has won; the place in the file is kept here.
const FILE: &str = "file";

/// What is known of a TOML text beside its values.
#[derive(Default)]
pub(super) struct Document {
    places: BTreeMap<Vec<String>, Place>,
    /// Its strings. A value has the number of one in its stead, for any may be a secret, and the copies `config`
    /// makes are not wiped.
    texts: Vec<Zeroizing<String>>,
}

struct Place {
    key: Origin,
    value: Origin,
}

/// Reads a TOML text into a tree, and the line and column of each key and value.
///
/// What is wrong with the text is reported, without the text: it may hold a secret.
pub(super) fn read(path: &str, text: &str, problems: &mut Vec<Problem>) -> (Value, Document) {
    let path: Arc<str> = Arc::from(path);
    let (table, mut errors) = DeTable::parse_recoverable(text);
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    errors.sort_by_key(start);
    let mut seen = None;
    for error in errors.iter().take(SYNTAX_ERRORS) {
        let origin = Origin::in_file(&path, text, start(error));
        // After the first error of a line the parser is guessing.
        let Origin::File { line, .. } = origin else { continue };
        if seen.replace(line) != Some(line) {
            problems.push(Problem::new(origin, format!("not valid TOML: {}", error.message())));
        }
    }
    let mut document = Document::default();
    if !errors.is_empty() {
        return (tree::empty(), document);
    }
    let root = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    let place = |span: Range<usize>| Origin::in_file(&path, text, span.start);
    (document.value(root.span(), &root, &mut Vec::new(), &place), document)
}

/// Reads one TOML value out of a variable or a flag; `None` when it is none, or a string.
pub(super) fn inline(text: &str) -> Option<(Value, Document)> {
    let value = DeValue::parse(text.trim()).ok()?;
    let mut document = Document::default();
    let value = document.value(0..0, &value, &mut Vec::new(), &|_| Origin::Default);
    (!matches!(value.kind, ValueKind::U64(_))).then_some((value, document))
}

impl Document {
    /// The text of a value that is one.
    pub(super) fn text<'a>(&'a self, value: &'a Value) -> Option<&'a str> {
        match &value.kind {
            ValueKind::String(text) => Some(text),
            ValueKind::U64(number) => {
                self.texts.get(usize::try_from(*number).ok()?).map(|text| text.as_str())
            }
            _ => None,
        }
    }

    /// Where a value of all layers was written: `config` says in which of them.
    pub(super) fn origin(&self, value: &Value, path: &[String]) -> Origin {
        self.find(value, path, |place| &place.value)
    }

    /// Where the key before it was written.
    pub(super) fn key_origin(&self, value: &Value, path: &[String]) -> Origin {
        self.find(value, path, |place| &place.key)
    }

    fn find(&self, value: &Value, path: &[String], part: impl Fn(&Place) -> &Origin) -> Origin {
        match layer(value) {
            Some(name) if name != FILE => Origin::of(name),
            _ => self.places.get(path).map_or(Origin::Default, |place| part(place).clone()),
        }
    }

    /// Takes a value in, which stands at a path after the key of this span.
    fn value(
        &mut self,
        key: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        path: &mut Vec<String>,
        place: &dyn Fn(Range<usize>) -> Origin,
    ) -> Value {
        self.places.insert(path.clone(), Place { key: place(key), value: place(value.span()) });
        let mut below = |name: String, key, value: &Spanned<_>| {
            path.push(name.clone());
            let value = self.value(key, value, path, place);
            path.pop();
            (name, value)
        };
        let kind = match value.get_ref() {
            DeValue::String(text) => self.string(text),
            // A number that does not fit is shown as it was written, and is of no numeric type.
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| self.string(number.as_str()), ValueKind::I128),
            DeValue::Float(number) => {
                number.as_str().parse().map_or_else(|_| self.string(number.as_str()), ValueKind::Float)
            }
            DeValue::Boolean(value) => ValueKind::Boolean(*value),
            // Types of dates and times read themselves from text.
            DeValue::Datetime(time) => self.string(&time.to_string()),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                ValueKind::Array(
                    items.map(|(index, item)| below(element(index), item.span(), item).1).collect(),
                )
            }
            DeValue::Table(table) => {
                let entries = table.iter();
                entries
                    .map(|(key, value)| below(key.get_ref().to_string(), key.span(), value))
                    .collect::<Map<_, _>>()
                    .into()
            }
        };
        Value::new(Some(&FILE.to_owned()), kind)
    }

    fn string(&mut self, text: &str) -> ValueKind {
        self.texts.push(Zeroizing::new(text.to_owned()));
        ValueKind::U64(self.texts.len() as u64 - 1)
    }
}

/// The layer a value is of; a joined table has none of its own and is of the lowest one that has a key in it.
fn layer(value: &Value) -> Option<&str> {
    let ValueKind::Table(table) = &value.kind else { return value.origin() };
    // The names of variables and flags come after that of the file.
    table.values().filter_map(layer).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::Content;

    fn parsed(text: &str) -> (Value, Document) {
        let mut problems = Vec::new();
        let parsed = read("a.toml", text, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        parsed
    }

    fn path(path: &[&str]) -> Vec<String> {
        path.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn each_kind_of_value_is_read() {
        let (tree, document) =
            parsed("a = 0x1F\nb = 1_000.5\nc = true\nd = [1, 'x']\ne.f = 2026-01-02\ng = -7\nh = -inf");
        let at = |keys: &[&str]| Content(tree::at(&tree, &path(keys)).unwrap(), &document).describe();
        let said: Vec<_> = ["a", "b", "c", "d", "e", "g", "h"].map(|key| at(&[key])).into();
        assert_eq!(said, ["31", "1000.5", "true", "a list", "a table", "-7", "-inf"]);
        assert_eq!(at(&["e", "f"]), "\"2026-01-02\"");
        assert_eq!(at(&["d", "[1]"]), "\"x\"");
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let (tree, document) = parsed("[http]\n  port =  80\n");
        let (http, port) = (path(&["http"]), path(&["http", "port"]));
        let at = |path| tree::at(&tree, path).unwrap();
        assert_eq!(document.key_origin(at(&port), &port).to_string(), "a.toml:2:3");
        assert_eq!(document.origin(at(&port), &port).to_string(), "a.toml:2:11");
        assert_eq!(document.key_origin(at(&http), &http).to_string(), "a.toml:1:2");
    }

    #[test]
    fn each_broken_line_is_reported_once() {
        let mut problems = Vec::new();
        read("a.toml", "a = \nb = 1\nc = = 2\n", &mut problems);
        let places: Vec<_> = problems.iter().map(|problem| problem.to_string()).collect();
        assert_eq!(places.len(), 2, "{places:?}");
        assert!(places[0].starts_with("a.toml:1:") && places[1].starts_with("a.toml:3:"), "{places:?}");
    }
}
