use std::fmt;
use std::time::Duration;

use mainspring::Config;
use mainspring::log::Directives;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What the demo can be told by a file, the environment and the command line.
#[derive(Debug, Serialize, Deserialize, Config)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where the rate is told over TCP.
    pub(crate) tcp: String,
    /// Where the pages are served.
    pub(crate) http: String,
    /// Where datagrams are printed.
    pub(crate) udp: String,
    /// Seconds between two refreshes of the rate.
    pub(crate) refresh: Seconds,
    /// What is logged: a level, and `target=level` for what differs from it. Read again at SIGHUP.
    pub(crate) log: Directives,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            tcp: "127.0.0.1:8888".to_owned(),
            http: "127.0.0.1:8080".to_owned(),
            udp: "127.0.0.1:3000".to_owned(),
            refresh: Seconds(Duration::from_secs(10)),
            log: Directives::default(),
        }
    }
}

/// A time that is not zero, written as a number of seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.serialize_u64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds greater than 0, such as 10 or 0.5")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Seconds, E> {
        let period = Duration::try_from_secs_f64(number).ok().filter(|period| !period.is_zero());
        period.map(Seconds).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Seconds, E> {
        self.visit_u64(u64::try_from(number).unwrap_or(0))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Seconds, E> {
        match number {
            0 => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
            _ => Ok(Seconds(Duration::from_secs(number))),
        }
    }
}
