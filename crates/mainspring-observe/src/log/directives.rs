use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Unexpected, Visitor},
};

use super::{
    Error,
    error::Kind,
    filter::{Filter, LEVELS},
};

const EXPECTED: &str = "log directives such as \"debug\" or \"info,hyper=off\"";

/// Which lines a log lets pass, as a setting: a level, and directives for what differs from it.
///
/// It is read from a text such as `"debug"` or `"info,my_crate=debug,hyper=off"`; see
/// [`Log::filter`](super::Log::filter). A word that is neither a level nor a directive is refused, so that a level
/// that is misspelt is not taken for the name of a module. Default: `info`.
///
/// ```
/// use mainspring_observe::log::Directives;
///
/// let directives: Directives = "info,hyper=off".parse()?;
/// assert_eq!(directives.to_string(), "info,hyper=off");
/// assert!("inof".parse::<Directives>().unwrap_err().is_bad_filter());
/// # Ok::<(), mainspring_observe::log::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Directives(String);

impl Default for Directives {
    fn default() -> Self {
        Directives("info".to_owned())
    }
}

impl FromStr for Directives {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let filter = Filter { level: "info".to_owned(), directives: text.to_owned(), origin: "the settings" };
        filter.parse()?;
        for directive in text.split(',').map(str::trim) {
            let is_level = LEVELS.contains(&directive.to_ascii_lowercase().as_str());
            if !is_level && !directive.contains(['=', '[']) {
                return Err(Kind::Level { level: directive.to_owned() }.into());
            }
        }
        Ok(Directives(text.to_owned()))
    }
}

impl fmt::Display for Directives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Directives {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Directives {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Directives;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Directives, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}
