//! Fields of a line of text: `message name=value`, on one line whatever the values are.
//!
//! The formatter of `tracing-subscriber` keeps escape sequences out of messages, but lets a line break through,
//! and with it whoever's words are logged can forge lines of the log.

use std::{
    error::Error,
    fmt::{self, Debug, Write},
};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, format::Writer},
};

/// Formats the fields of events and of spans.
pub(super) struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = Fields { writer: &mut writer, first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

/// Writes each field; the first error ends it.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    first: bool,
    result: fmt::Result,
}

impl Fields<'_, '_> {
    fn field(&mut self, name: &str, suffix: &str, value: fmt::Arguments<'_>) {
        if self.result.is_ok() {
            self.result = self.name(name, suffix).and_then(|()| Escape(self.writer).write_fmt(value));
        }
    }

    fn name(&mut self, name: &str, suffix: &str) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.writer.write_char(' ')?;
        }
        if name == "message" && suffix.is_empty() {
            return Ok(());
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        if self.writer.has_ansi_escapes() {
            write!(self.writer, "\x1b[3m{name}{suffix}\x1b[0m\x1b[2m=\x1b[0m")
        } else {
            write!(self.writer, "{name}{suffix}=")
        }
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field.name(), "", format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.field("message", "", format_args!("{value}")),
            name => self.field(name, "", format_args!("{value:?}")),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.field(field.name(), "", format_args!("{value}"));
        if let Some(first) = value.source() {
            self.field(field.name(), ".sources", format_args!("{}", Sources(first)));
        }
    }
}

/// `[the source, its source]`
struct Sources<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut before, mut next) = ("[", Some(self.0));
        while let Some(source) = next {
            write!(f, "{before}{source}")?;
            (before, next) = (", ", source.source());
        }
        f.write_char(']')
    }
}

/// Passes text on without line breaks and other control characters: they are written as in source code.
pub(super) struct Escape<'a, W: ?Sized>(pub(super) &'a mut W);

impl<W: Write + ?Sized> Write for Escape<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, control)) = rest.char_indices().find(|(_, letter)| letter.is_control()) {
            self.0.write_str(&rest[..at])?;
            match control {
                '\n' | '\r' | '\t' => write!(self.0, "{}", control.escape_default())?,
                '\0'..='\x7f' => write!(self.0, "\\x{:02x}", u32::from(control))?,
                _ => write!(self.0, "\\u{{{:x}}}", u32::from(control))?,
            }
            rest = &rest[at + control.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}
