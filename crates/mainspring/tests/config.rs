//! Settings as a program that depends on `mainspring` writes them.

use mainspring::Config;
use mainspring::config::{Address, Loader, Period, Secret, Sources};
use serde::{Deserialize, Serialize};

/// What the service needs to know.
#[derive(Debug, Serialize, Deserialize, Config)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// How often the rates are read again.
    refresh: Period,
    token: Secret<String>,
    #[config(nested)]
    http: Http,
}

#[derive(Debug, Serialize, Deserialize, Config)]
#[serde(default, deny_unknown_fields)]
struct Http {
    address: Address,
    #[config(nested)]
    proxy: Option<Proxy>,
}

#[derive(Debug, Serialize, Deserialize, Config)]
#[config(validate = Proxy::not_itself)]
struct Proxy {
    address: Address,
}

impl Proxy {
    fn not_itself(&self) -> Result<(), &'static str> {
        if self.address.port() == 1 { Err("it is no proxy") } else { Ok(()) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings { refresh: Period::from_secs(60), token: Secret::default(), http: Http::default() }
    }
}

impl Default for Http {
    fn default() -> Self {
        Http { address: Address::new("127.0.0.1", 8080), proxy: None }
    }
}

#[test]
fn settings_need_no_path_to_the_crate() {
    let sources = Sources::none().file("rates.toml", "refresh = '5s'").args(["--http.address=localhost:1"]);
    let settings: Settings = Loader::new("rates").sources(sources).load().expect("the settings are in order");
    assert_eq!(settings.refresh, Period::from_secs(5));
    assert_eq!(settings.http.address.host(), "localhost");
    assert!(settings.token.expose().is_empty() && settings.http.proxy.is_none());
}

#[test]
fn a_table_that_may_be_absent_is_checked_when_it_is_there() {
    let wrong = |flag: &str| {
        let sources = Sources::none().args([flag]);
        Loader::new("rates").sources(sources).load::<Settings>().expect_err("it is wrong").to_string()
    };
    assert_eq!(wrong("--http.proxy.address=a:1"), "flag --http.proxy.address: `http.proxy`: it is no proxy");
    assert_eq!(
        wrong("--http.proxy={}"),
        "`http.proxy.address` is not set: set it in rates.toml, with RATES_HTTP__PROXY__ADDRESS or with \
         --http.proxy.address"
    );
}
