//! The settings of a service are a struct: some keys have defaults, some have to be set, and none is misspelt.
//!
//! ```sh
//! cargo run --example 32_required_settings                                      # says what is missing
//! GREETER_NAME=Ada cargo run --example 32_required_settings
//! GREETER_NAME=Ada cargo run --example 32_required_settings -- --greeting=Servus
//! cargo run --example 32_required_settings -- --help
//! ```
//!
//! Without a name you are told the three places where it can be set, and the exit code is 2; with one you are
//! greeted by it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::Config;
use mainspring::config::{self, Loader};
use mainspring::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Config)]
#[serde(deny_unknown_fields)]
struct Greeter {
    /// Who is greeted.
    name: String,
    /// With what.
    #[serde(default = "hello")]
    greeting: String,
}

fn hello() -> String {
    "Hello".to_owned()
}

impl Service for Greeter {
    async fn start(&mut self, _: &Context) -> Result {
        println!("{}, {}", self.greeting, self.name);
        Err("nothing is left to be done".into())
    }
}

#[mainspring::main]
fn main() -> Result<Entrypoint, config::Error> {
    let greeter: Greeter = Loader::new("greeter").about("Greets, and ends.").load()?;
    Ok(Entrypoint::new("greeter").service(greeter))
}
