use std::fmt::Write;

use super::field::{Config, Field, Shape};
use super::loaded::{Layers, defaults};
use super::origin::Origin;
use super::problem::Problem;
use super::schema::Schema;
use super::secret::MASK;
use super::tree::at;

/// What `--print-config` writes: a file that says all that is in force, with the documentation of each key.
///
/// Read again it gives the same settings. Only a secret that was given by value is left out.
pub(super) fn text<T: Config>(
    name: &str,
    about: &str,
    schema: &Schema,
    layers: &Layers,
    settings: &T,
) -> Result<String, Problem> {
    let table = |settings: &T| toml::Table::try_from(settings);
    let unwritable =
        |error| Problem::new(Origin::Default, format!("the settings cannot be written as TOML: {error}"));
    let in_force = table(settings).map_err(unwritable)?;
    let defaults = defaults::<T>().ok().and_then(|defaults| table(&defaults).ok()).unwrap_or_default();
    let mut page = Page { schema, layers, text: format!("# The settings of {name}.\n") };
    page.comment(about);
    page.table(&schema.fields, &mut Vec::new(), &in_force, Some(&defaults));
    Ok(page.text)
}

struct Page<'a> {
    schema: &'a Schema,
    layers: &'a Layers,
    text: String,
}

impl Page<'_> {
    /// Writes the values of a table, and the tables in it after them: TOML gives each value to the last header.
    fn table(
        &mut self,
        fields: &[Field],
        path: &mut Vec<String>,
        values: &toml::Table,
        defaults: Option<&toml::Table>,
    ) {
        let (tables, keys): (Vec<_>, Vec<_>) =
            known(fields, values).into_iter().partition(|field| is_table(field, values));
        for field in keys {
            path.push(field.name.clone());
            let default = defaults.and_then(|table| table.get(&field.name));
            self.key(&field, path, values.get(&field.name), default);
            path.pop();
        }
        for field in tables {
            let Some(toml::Value::Table(inside)) = values.get(&field.name) else { continue };
            path.push(field.name.clone());
            self.text.push('\n');
            self.comment(&field.doc);
            let _ = writeln!(self.text, "[{}]", header(path));
            let fields = if let Shape::Table(fields) = &field.shape { &fields[..] } else { &[] };
            let default = defaults.and_then(|table| table.get(&field.name)).and_then(toml::Value::as_table);
            self.table(fields, path, inside, default);
            path.pop();
        }
    }

    fn key(
        &mut self,
        field: &Field,
        path: &[String],
        value: Option<&toml::Value>,
        default: Option<&toml::Value>,
    ) {
        self.text.push('\n');
        self.comment(&field.doc);
        let key = quoted(&field.name);
        let Some(value) = value else {
            let _ = writeln!(self.text, "# {key} = # not set ({})", field.looks());
            return;
        };
        if hides(value) {
            return self.secret(&key, path);
        }
        if default != Some(value) {
            let source = self.set_by(path).map(|origin| format!("Set by {origin}."));
            let default = default.map(|default| format!("Default: {default}."));
            self.comment(&source.into_iter().chain(default).collect::<Vec<_>>().join(" "));
        }
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn set_by(&self, path: &[String]) -> Option<Origin> {
        let value = at(&self.layers.tree, path)?;
        Some(self.layers.document.origin(value, path))
    }

    /// A secret is shown by where it comes from.
    fn secret(&mut self, key: &str, path: &[String]) {
        let _ = match (self.held_in(path), self.set_by(path)) {
            (Some(file), _) => {
                writeln!(self.text, "{key} = {{ file = {} }}", toml::Value::String(file.to_owned()))
            }
            (None, Some(origin)) => {
                self.comment(&format!("{key} = \"{MASK}\" # set by {origin}"));
                Ok(())
            }
            (None, None) => {
                let variable = self.schema.variable(path);
                writeln!(self.text, "# {key} = {{ file = \"…\" }} # or {variable}, or {variable}_FILE")
            }
        };
    }

    /// The file a secret is read from.
    fn held_in(&self, path: &[String]) -> Option<&str> {
        let file = at(&self.layers.tree, &[path, &["file".to_owned()]].concat())?;
        self.layers.document.text(file)
    }

    fn comment(&mut self, doc: &str) {
        for line in doc.lines() {
            let _ = writeln!(self.text, "{}", format!("# {line}").trim_end());
        }
    }
}

/// The fields in their order, and after them what no field describes.
fn known(fields: &[Field], values: &toml::Table) -> Vec<Field> {
    let named = fields.iter().filter(|field| !matches!(field.shape, Shape::Rest)).cloned();
    let mut known: Vec<_> = named.collect();
    for key in values.keys() {
        if !known.iter().any(|field| field.name == *key) {
            known.push(Field::value(key, "", "value"));
        }
    }
    known
}

fn is_table(field: &Field, values: &toml::Table) -> bool {
    match values.get(&field.name) {
        Some(value) => value.is_table(),
        None => matches!(field.shape, Shape::Table(_)),
    }
}

fn hides(value: &toml::Value) -> bool {
    match value {
        toml::Value::String(text) => text == MASK,
        toml::Value::Array(items) => items.iter().any(hides),
        toml::Value::Table(entries) => entries.values().any(hides),
        _ => false,
    }
}

fn header(path: &[String]) -> String {
    path.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(".")
}

/// A key is quoted when it is no plain word.
fn quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !key.is_empty() && key.bytes().all(bare) {
        return key.to_owned();
    }
    // A value has a form of many lines, which a key has not.
    let escaped = key.chars().fold(String::new(), |mut text, letter| {
        let _ = match letter {
            '"' | '\\' => write!(text, "\\{letter}"),
            letter if letter.is_control() => write!(text, "\\U{:08X}", u32::from(letter)),
            letter => write!(text, "{letter}"),
        };
        text
    });
    format!("\"{escaped}\"")
}
