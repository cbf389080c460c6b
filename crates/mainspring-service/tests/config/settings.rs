use std::collections::BTreeMap;

use mainspring_macros::Config;
use mainspring_service::config::{Address, ByteSize, Error, Loader, Period, Secret, Sources};
use serde::{Deserialize, Serialize};

/// The settings of a service that serves exchange rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Config)]
#[serde(default, deny_unknown_fields)]
#[config(crate = "mainspring_service::config")]
pub(crate) struct Settings {
    /// How often the rates are read again.
    ///
    /// Not more often than their source allows.
    pub(crate) refresh: Period,
    /// What the source wants to see.
    pub(crate) token: Secret<String>,
    pub(crate) proxy: Option<Address>,
    /// Currencies that are served.
    pub(crate) currencies: Vec<String>,
    /// How much is written.
    pub(crate) level: Level,
    /// The server.
    #[config(nested)]
    pub(crate) http: Http,
    /// Factors by currency.
    pub(crate) factors: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Config)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[config(crate = "mainspring_service::config", validate = Http::fits)]
pub(crate) struct Http {
    /// Where it listens.
    pub(crate) address: Address,
    /// Workers.
    pub(crate) workers: u16,
    pub(crate) max_body: ByteSize,
    pub(crate) compress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Debug,
    Info,
}

/// Settings without defaults.
#[derive(Debug, PartialEq, Serialize, Deserialize, Config)]
#[serde(deny_unknown_fields)]
#[config(crate = "mainspring_service::config")]
pub(crate) struct Strict {
    /// The key to the source.
    pub(crate) token: Secret<String>,
    pub(crate) source: Address,
    pub(crate) proxy: Option<Address>,
    #[config(nested)]
    pub(crate) limits: Limits,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Config)]
#[config(crate = "mainspring_service::config")]
pub(crate) struct Limits {
    pub(crate) rate: u32,
    #[serde(default)]
    pub(crate) burst: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            refresh: Period::from_secs(60),
            token: Secret::default(),
            proxy: None,
            currencies: vec!["EUR".to_owned(), "USD".to_owned()],
            level: Level::Info,
            http: Http::default(),
            factors: BTreeMap::new(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Http {
            address: Address::new("127.0.0.1", 8080),
            workers: 4,
            max_body: ByteSize::from_mib(2),
            compress: false,
        }
    }
}

impl Http {
    fn fits(&self) -> Result<(), String> {
        if self.workers > 0 { Ok(()) } else { Err("a server needs one of `workers` at least".to_owned()) }
    }
}

pub(crate) fn load(sources: Sources) -> Result<Settings, Error> {
    Loader::new("rates").sources(sources).load()
}

/// The text of what is wrong.
pub(crate) fn wrong(sources: Sources) -> String {
    load(sources).expect_err("the settings are wrong").to_string()
}

pub(crate) fn file(text: &str) -> Sources {
    Sources::none().file("rates.toml", text)
}

pub(crate) fn args<const N: usize>(args: [&str; N]) -> Sources {
    Sources::none().args(args)
}

pub(crate) fn var(name: &str, value: &str) -> Sources {
    Sources::none().var(name, value)
}
