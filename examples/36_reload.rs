//! Settings may change while the program runs: SIGHUP loads them again, and whoever uses them reads what is in force.
//!
//! ```sh
//! echo 'greeting = "Hello"' >reload.toml
//! cargo run --example 36_reload &
//! echo 'greeting = "Servus"' >reload.toml
//! kill -HUP %1
//! ```
//!
//! You see the greeting at the start and after each SIGHUP. A file that is not in order is refused, with its line
//! in the log, and the greeting stays. A change of `log`, to `debug` say, is in force at once.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::Config;
use mainspring::config::{self, Live, Loader};
use mainspring::log::Directives;
use mainspring::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Config)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// What the program says.
    greeting: String,
    /// What is logged.
    log: Directives,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { greeting: "Hello".to_owned(), log: Directives::default() }
    }
}

async fn greet(cx: Context, live: Live<Settings>) {
    let settings = live.settings();
    cx.ready();
    loop {
        println!("{}", settings.get().greeting);
        cx.reload().await;
    }
}

#[mainspring::main]
fn main() -> Result<Entrypoint, config::Error> {
    let live = Loader::new("reload").about("Greets at the start, and at each SIGHUP.").live::<Settings>()?;
    let greeted = live.clone();
    Ok(Entrypoint::new("reload")
        .settings(&live)
        .log_filter(&live, |settings| settings.log.to_string())
        .service(("greeter", move |cx: Context| greet(cx, greeted.clone()))))
}
