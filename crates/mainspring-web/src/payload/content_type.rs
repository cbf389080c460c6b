//! The content types that the crate itself gives to answers.

/// A media type with a constant spelling; an enum, so that the commonest heads are found with one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    Text,
    Html,
    Json,
    Binary,
    Form,
    Problem,
    JsonLines,
    Events,
}

impl ContentType {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Events => "text/event-stream",
            Self::Binary => "application/octet-stream",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Problem => "application/problem+json",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}
