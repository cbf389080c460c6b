//! A value that logs while it is being logged. It takes the process's subscriber: a scoped one lets no event
//! in from within another.

mod support;

use std::fmt;

use mainspring_observe::log::{Format, Log, Output};
use mainspring_service::entrypoint::Environment;
use support::Memory;
use tracing::info;

struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("inner");
        f.write_str("chatty")
    }
}

#[test]
fn a_value_that_logs_while_it_is_formatted_gets_a_line_of_its_own() {
    let memory = Memory::new();
    let log = Log::new().format(Format::Json).output(Output::Writer(Box::new(memory.clone())));
    let guard = log.install(&Environment::default()).unwrap();
    info!(value = ?Chatty, "outer");
    drop(guard);
    let lines: Vec<serde_json::Value> =
        memory.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let said: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(said, ["inner", "outer"]);
    assert_eq!(lines[1]["value"], "chatty");
}
