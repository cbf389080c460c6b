use std::fmt::Write;

use super::field::{Config, Field, Shape};
use super::loaded::defaults;
use super::schema::Schema;
use super::secret::MASK;

/// What `--help` writes: the flags, and each key with its looks, its default and its documentation.
pub(super) fn text<T: Config>(name: &str, about: &str, schema: &Schema) -> String {
    let mut text = String::new();
    if !about.is_empty() {
        let _ = writeln!(text, "{about}\n");
    }
    let (file, prefix) = (&schema.file, &schema.prefix);
    let _ = write!(
        text,
        "Usage: {name} [OPTIONS] [--KEY=VALUE]...\n\
         \n\
         Options:\n\
         \x20     --config FILE    read the settings from FILE, not from {file} [variable: {prefix}_CONFIG]\n\
         \x20     --set KEY=VALUE  set one key, like --KEY=VALUE\n\
         \x20     --check          say whether the settings are in order, and end with exit code 0 or 2\n\
         \x20     --print-config   write the settings in force, as a file with comments, and end\n\
         \x20 -h, --help           write this, and end\n\
         \n\
         Settings, of the file {file}, of variables over it, and of flags over both:\n"
    );
    let defaults = defaults::<T>().ok().and_then(|defaults| toml::Value::try_from(defaults).ok());
    keys(schema, &schema.fields, &mut Vec::new(), defaults.as_ref(), &mut text);
    text
}

fn keys(
    schema: &Schema,
    fields: &[Field],
    above: &mut Vec<String>,
    defaults: Option<&toml::Value>,
    text: &mut String,
) {
    for field in fields.iter().filter(|field| !matches!(field.shape, Shape::Rest)) {
        let default = defaults.and_then(|table| table.get(&field.name));
        above.push(field.name.clone());
        match &field.shape {
            Shape::Table(inner) => keys(schema, inner, above, default, text),
            _ => key(schema, field, above, default, text),
        }
        above.pop();
    }
}

fn key(schema: &Schema, field: &Field, path: &[String], default: Option<&toml::Value>, text: &mut String) {
    let (flag, variable) = (schema.flag(path), schema.variable(path));
    let default = match default {
        _ if field.required => "required, ".to_owned(),
        Some(value) if value.as_str() != Some(MASK) => format!("default: {value}, "),
        _ => String::new(),
    };
    let file = if field.is_secret() { format!(" or {variable}_FILE") } else { String::new() };
    let _ = writeln!(text, "  {flag} <{}>  [{default}variable: {variable}{file}]", field.looks());
    for line in field.doc.lines() {
        let _ = writeln!(text, "{}", format!("      {line}").trim_end());
    }
}
