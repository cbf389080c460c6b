use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::field::is_integer;
use super::origin::Origin;
use super::path::dotted;
use super::problem::Problem;
use super::schema::nearest;

/// Why a value could not be read; the first of them ends the reading of a tree.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: What,
    /// The innermost value the fault is in; filled in on the way out.
    pub(super) place: Option<Place>,
}

#[derive(Debug)]
pub(super) enum What {
    Expected(String),
    OneOf(Vec<&'static str>),
    Missing(&'static str),
    Said(String),
    /// It says all there is to say of the value.
    Whole(String),
}

#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: Vec<String>,
    pub(super) origin: Origin,
    /// The value in words; not there when it is a secret.
    pub(super) found: Option<String>,
}

impl Fault {
    pub(super) fn new(what: What) -> Self {
        Fault { what, place: None }
    }

    /// Puts the fault into words.
    pub(super) fn problem(&self) -> Problem {
        let Some(place) = &self.place else { return Problem::new(Origin::Default, self.words(None)) };
        let words = self.words(place.found.as_deref());
        let message = match &place.path[..] {
            [] => words,
            path => format!("`{}`: {words}", dotted(path)),
        };
        Problem::new(place.origin.clone(), message)
    }

    fn words(&self, found: Option<&str>) -> String {
        let but = found.map_or_else(
            || ", found something else (a secret, so not shown)".to_owned(),
            |found| format!(", found {found}"),
        );
        match &self.what {
            What::Expected(expected) => format!("expected {expected}{but}"),
            What::OneOf(names) => {
                let hint = found
                    .and_then(|found| nearest(found.trim_matches('"'), names))
                    .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                format!("expected {}{but}{hint}", alternatives(names))
            }
            What::Missing(field) => format!("`{field}` is not set"),
            // A type's own words may show its value.
            What::Said(_) if found.is_none() => "not a valid value (a secret, so not shown)".to_owned(),
            What::Said(message) => format!("{message}{but}"),
            What::Whole(message) => message.clone(),
        }
    }
}

fn alternatives(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match &quoted[..] {
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
        [] => "nothing".to_owned(),
    }
}

/// What serde's own types say they expect, said to someone who writes a file.
fn plainly(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "path string" => "a path".to_owned(),
        name if is_integer(name) => integer(name),
        name if name.starts_with("struct ") => "a table".to_owned(),
        name if name.starts_with("a sequence of") => name.replacen("a sequence", "a list", 1),
        other => other.to_owned(),
    }
}

fn integer(name: &str) -> String {
    let range = match name {
        "u8" => (0, i64::from(u8::MAX)),
        "u16" => (0, i64::from(u16::MAX)),
        "u32" => (0, i64::from(u32::MAX)),
        "i8" => (i64::from(i8::MIN), i64::from(i8::MAX)),
        "i16" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "i32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        unsigned if unsigned.starts_with('u') => return "an integer, 0 or more".to_owned(),
        _ => return "an integer".to_owned(),
    };
    format!("an integer from {} to {}", range.0, range.1)
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fault::new(What::Said(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::new(What::Expected(plainly(&expected.to_string())))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Fault::new(What::Expected(plainly(&expected.to_string())))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Fault::new(What::Expected(plainly(&expected.to_string())))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Fault::new(What::OneOf(expected.to_vec()))
    }

    fn missing_field(field: &'static str) -> Self {
        Fault::new(What::Missing(field))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl std::error::Error for Fault {}
