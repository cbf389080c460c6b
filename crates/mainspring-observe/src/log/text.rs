//! Lines of text: `TIME LEVEL spans target: message name=value`, one line whatever the values are.
//!
//! The formatter of `tracing-subscriber` keeps escape sequences out of messages, but lets a line break through,
//! and with it whoever's words are logged can forge lines of the log.

use std::{
    error::Error,
    fmt::{self, Debug, Write},
};

use mainspring_task::context::visit_logged;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use super::{scan, timestamp};

/// Formats an event as one line, at its end the task's context variables that log lines carry.
pub(super) struct TextEvent {
    pub(super) color: bool,
}

impl<S> FormatEvent<S, TextFields> for TextEvent
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, TextFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        if self.color {
            writer.write_str(DIM)?;
        }
        timestamp::write_now(&mut writer)?;
        writer.write_str(level(*metadata.level(), self.color))?;
        spans(context, &mut writer, self.color)?;
        paint(&mut writer, self.color, DIM, metadata.target())?;
        paint(&mut writer, self.color, DIM, ":")?;
        writer.write_char(' ')?;
        let mut fields = Fields { writer: &mut writer, color: self.color, first: true, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        variables(&mut writer);
        writer.write_char('\n')
    }
}
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// What stands between the time and the spans.
fn level(level: Level, color: bool) -> &'static str {
    match (level, color) {
        (Level::ERROR, false) => " ERROR ",
        (Level::WARN, false) => "  WARN ",
        (Level::INFO, false) => "  INFO ",
        (Level::DEBUG, false) => " DEBUG ",
        (_, false) => " TRACE ",
        (Level::ERROR, true) => "\x1b[0m \x1b[31mERROR\x1b[0m ",
        (Level::WARN, true) => "\x1b[0m \x1b[33m WARN\x1b[0m ",
        (Level::INFO, true) => "\x1b[0m \x1b[32m INFO\x1b[0m ",
        (Level::DEBUG, true) => "\x1b[0m \x1b[34mDEBUG\x1b[0m ",
        (_, true) => "\x1b[0m \x1b[35mTRACE\x1b[0m ",
    }
}

fn paint(writer: &mut Writer<'_>, color: bool, style: &str, text: &str) -> fmt::Result {
    if !color {
        return writer.write_str(text);
    }
    writer.write_str(style)?;
    writer.write_str(text)?;
    writer.write_str(RESET)
}

/// `outer{fields}:inner{fields}: `
fn spans<S>(context: &FmtContext<'_, S, TextFields>, writer: &mut Writer<'_>, color: bool) -> fmt::Result
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let Some(scope) = context.event_scope() else { return Ok(()) };
    for span in scope.from_root() {
        paint(writer, color, BOLD, span.name())?;
        if let Some(fields) = span.extensions().get::<FormattedFields<TextFields>>()
            && !fields.is_empty()
        {
            paint(writer, color, BOLD, "{")?;
            writer.write_str(fields)?;
            paint(writer, color, BOLD, "}")?;
        }
        paint(writer, color, DIM, ":")?;
    }
    writer.write_char(' ')
}

/// The task's context variables.
fn variables(writer: &mut Writer<'_>) {
    visit_logged(|name, value| {
        // A value that cannot be shown must not cost the line.
        let _ = [" ", name, "="]
            .iter()
            .try_for_each(|part| writer.write_str(part))
            .and_then(|()| write!(Escape(writer), "{value}"));
    });
}

/// Formats the fields of spans.
pub(super) struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let color = writer.has_ansi_escapes();
        let mut visitor = Fields { writer: &mut writer, color, first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

/// Writes each field; the first error ends it.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    color: bool,
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
        let (before, after) = if self.color { ("\x1b[3m", "\x1b[0m\x1b[2m=\x1b[0m") } else { ("", "=") };
        self.writer.write_str(before)?;
        self.writer.write_str(name)?;
        self.writer.write_str(suffix)?;
        self.writer.write_str(after)
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
        loop {
            let at = scan::plain(rest.as_bytes(), may_begin_control);
            let (plain, special) = rest.split_at(at);
            self.0.write_str(plain)?;
            let Some(letter) = special.chars().next() else { return Ok(()) };
            match letter {
                '\n' | '\r' | '\t' => write!(self.0, "{}", letter.escape_default())?,
                '\0'..='\x1f' | '\x7f' => write!(self.0, "\\x{:02x}", u32::from(letter))?,
                '\u{80}'..='\u{9f}' => write!(self.0, "\\u{{{:x}}}", u32::from(letter))?,
                // Another of those that begin like the controls beyond ASCII.
                _ => self.0.write_char(letter)?,
            }
            rest = &special[letter.len_utf8()..];
        }
    }
}

/// Whether a control character may begin with this byte. The first byte of a character, so a text may be cut
/// before it: the control characters beyond ASCII are U+0080 to U+009F, which begin with 0xC2.
fn may_begin_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f || byte == 0xc2
}
