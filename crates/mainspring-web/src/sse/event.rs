//! One event.

use std::time::Duration;

use bytes::Bytes;

/// An event: data, and how the browser files it.
///
/// Line breaks in the data are kept: the browser gets them as `\n`. In an id, a name or a comment they would
/// begin a new field; they become blanks there, as does NUL.
///
/// # Examples
///
/// ```
/// use mainspring_web::sse::Event;
///
/// let event = Event::new("first\nsecond").name("lines").id("7");
/// assert_eq!(event.to_string(), "event: lines\nid: 7\ndata: first\ndata: second\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Whole lines.
    text: String,
    data: Option<String>,
}

impl Event {
    /// An event with this data.
    pub fn new(data: impl Into<String>) -> Self {
        Self { text: String::new(), data: Some(data.into()) }
    }

    /// An event whose data is a value as JSON.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    pub fn json<T: serde::Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::new)
    }

    /// A comment, which no listener hears; keeps the connection alive.
    pub fn comment(text: impl AsRef<str>) -> Self {
        Self { text: format!(": {}\n", line(text.as_ref())), data: None }
    }

    /// The name that listeners are registered under. Default: `message`.
    #[must_use]
    pub fn name(self, name: impl AsRef<str>) -> Self {
        self.field("event", name.as_ref())
    }

    /// What the browser sends back when it connects again: see [`LastEventId`](super::LastEventId).
    #[must_use]
    pub fn id(self, id: impl AsRef<str>) -> Self {
        self.field("id", id.as_ref())
    }

    /// How long the browser waits before it connects again.
    #[must_use]
    pub fn retry(self, pause: Duration) -> Self {
        self.field("retry", &pause.as_millis().to_string())
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        self.text.push_str(&format!("{name}: {}\n", line(value)));
        self
    }
}

fn line(value: &str) -> String {
    value.replace(['\r', '\n', '\0'], " ")
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        if let Some(data) = &self.data {
            let data = data.replace("\r\n", "\n").replace('\r', "\n");
            for line in data.split('\n') {
                writeln!(f, "data: {line}")?;
            }
        }
        f.write_str("\n")
    }
}

impl From<Event> for Bytes {
    fn from(event: Event) -> Self {
        event.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break_starts_a_data_line() {
        assert_eq!(Event::new("a\nb\r\nc\rd").to_string(), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    }

    #[test]
    fn no_field_can_be_smuggled_in() {
        let event = Event::new("x").id("1\ndata: y").name("a\r\nb\0");
        assert_eq!(event.to_string(), "id: 1 data: y\nevent: a  b \ndata: x\n\n");
    }

    #[test]
    fn empty_data_is_an_event_all_the_same() {
        assert_eq!(Event::new("").to_string(), "data: \n\n");
    }

    #[test]
    fn a_comment_and_a_pause_are_written() {
        assert_eq!(Event::comment("here").to_string(), ": here\n\n");
        let event = Event::new("x").retry(Duration::from_secs(2));
        assert_eq!(event.to_string(), "retry: 2000\ndata: x\n\n");
    }
}
