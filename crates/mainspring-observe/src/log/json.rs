//! Events and span fields as JSON, written straight into the caller's line buffer.
//!
//! The formatter of `tracing-subscriber` goes through a serializer, allocates the timestamp, and repeats a key
//! when a field is called `level` or `target`. None of that happens here.

use std::{
    error::Error,
    fmt::{self, Debug, Write},
};

use mainspring_task::context::visit_logged;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::{scan, timestamp};

const EVENT_KEYS: &[&str] = &["timestamp", "level", "target", "spans", "context"];
const SPAN_KEYS: &[&str] = &["name"];

/// Formats an event as one object.
pub(super) struct JsonEvent;

/// Formats a span's fields as `,"key":value` once, when the span is made.
pub(super) struct JsonFields;

impl<S> FormatEvent<S, JsonFields> for JsonEvent
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        writer.write_str("{\"timestamp\":\"")?;
        timestamp::write_now(&mut writer)?;
        writer.write_str("\",\"level\":\"")?;
        writer.write_str(metadata.level().as_str())?;
        writer.write_str("\",\"target\":")?;
        string(&mut writer, metadata.target())?;
        let mut fields = Fields { writer: &mut writer, reserved: EVENT_KEYS, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        spans(context, &mut writer)?;
        variables(&mut writer)?;
        writer.write_str("}\n")
    }
}

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = Fields { writer: &mut writer, reserved: SPAN_KEYS, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &span::Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

fn spans<S>(context: &FmtContext<'_, S, JsonFields>, writer: &mut Writer<'_>) -> fmt::Result
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let Some(scope) = context.event_scope() else { return Ok(()) };
    let mut before = ",\"spans\":[{\"name\":";
    for span in scope.from_root() {
        writer.write_str(before)?;
        before = ",{\"name\":";
        string(writer, span.name())?;
        if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
            writer.write_str(&fields.fields)?;
        }
        writer.write_char('}')?;
    }
    writer.write_char(']')
}

/// The task's context variables that log lines carry.
fn variables(writer: &mut Writer<'_>) -> fmt::Result {
    let (mut before, mut result) = (",\"context\":{", Ok(()));
    visit_logged(|name, value| {
        result = result.and_then(|()| {
            writer.write_str(before)?;
            before = ",";
            string(writer, name)?;
            writer.write_char(':')?;
            quoted(writer, format_args!("{value}"))
        });
    });
    result?;
    if before == "," { writer.write_char('}') } else { Ok(()) }
}

/// Writes each field as `,"key":value`; the first error ends it.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Keys the object has already.
    reserved: &'static [&'static str],
    result: fmt::Result,
}

impl<'w> Fields<'_, 'w> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'w>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.key(field.name(), "").and_then(|()| value(self.writer));
        }
    }

    fn key(&mut self, name: &str, suffix: &str) -> fmt::Result {
        let name = name.strip_prefix("r#").unwrap_or(name);
        self.writer.write_str(",\"")?;
        if self.reserved.contains(&name) {
            self.writer.write_str("fields.")?;
        }
        Escape(self.writer).write_str(name)?;
        self.writer.write_str(suffix)?;
        self.writer.write_str("\":")
    }

    fn sources(&mut self, field: &Field, first: &(dyn Error + 'static)) -> fmt::Result {
        self.key(field.name(), ".sources")?;
        let mut before = '[';
        let mut next = Some(first);
        while let Some(source) = next {
            self.writer.write_char(before)?;
            before = ',';
            quoted(self.writer, format_args!("{source}"))?;
            next = source.source();
        }
        self.writer.write_char(']')
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, |writer| quoted(writer, format_args!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, |writer| string(writer, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |writer| writer.write_str(if value { "true" } else { "false" }));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // `Debug` gives the short form with an exponent. JSON knows no infinity and no NaN.
        self.field(field, |writer| {
            if value.is_finite() { write!(writer, "{value:?}") } else { writer.write_str("null") }
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.field(field, |writer| quoted(writer, format_args!("{value}")));
        if let (Ok(()), Some(first)) = (self.result, value.source()) {
            self.result = self.sources(field, first);
        }
    }
}

fn string(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escape(writer).write_str(text)?;
    writer.write_char('"')
}

fn quoted(writer: &mut Writer<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    writer.write_char('"')?;
    Escape(writer).write_fmt(text)?;
    writer.write_char('"')
}

/// Passes text on as the inside of a JSON string.
struct Escape<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        // All bytes looked for are ASCII, so the text is cut between characters.
        let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        loop {
            let at = scan::plain(rest.as_bytes(), special);
            self.0.write_str(&rest[..at])?;
            let Some(byte) = rest.as_bytes().get(at) else { return Ok(()) };
            match *byte {
                b'\n' => self.0.write_str("\\n")?,
                b'\t' => self.0.write_str("\\t")?,
                b'\r' => self.0.write_str("\\r")?,
                byte @ (b'"' | b'\\') => {
                    self.0.write_char('\\')?;
                    self.0.write_char(byte.into())?;
                }
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &rest[at + 1..];
        }
    }
}
