use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// The text is not of the kind that was asked for; it says what would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit(pub(super) &'static str);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for Unfit {}

/// Reads a value that is written as text.
pub(super) fn from_text<'de, T, D>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err = Unfit>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text { expected, value: PhantomData })
}

pub(super) struct Text<T> {
    pub(super) expected: &'static str,
    pub(super) value: PhantomData<T>,
}

impl<T: FromStr<Err = Unfit>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|Unfit(expected)| E::invalid_value(Unexpected::Str(text), &expected))
    }
}
