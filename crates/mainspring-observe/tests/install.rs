//! The process's subscriber can be set once, so this program holds one test.

mod support;

use mainspring_observe::log::{self, Log, Output};
use mainspring_service::entrypoint::{Environment, Logger};
use support::Memory;

fn environment(filter: &str) -> Environment {
    let mut environment = Environment::default();
    environment.filter = Some(filter.to_owned());
    environment
}

#[test]
fn the_installed_log_takes_the_environment_and_is_reached_from_anywhere() {
    assert!(log::handle().is_none());
    let memory = Memory::new();

    let error = Log::new().install(&environment("install=chatty")).unwrap_err();
    assert!(error.is_bad_filter());
    assert!(error.to_string().contains("log filter from the environment: bad directive \"install=chatty\""));

    // As an entrypoint does it.
    let log = Log::new().filter("trace").output(Output::Writer(Box::new(memory.clone())));
    let logger: Box<dyn Logger> = Box::new(log);
    let kept = logger.install(&environment("install=debug")).unwrap();
    tracing::debug!("shown");
    tracing::trace!("hidden");
    assert_eq!(log::stats().lines, 1);

    assert!(Log::new().install(&environment("debug")).unwrap_err().is_already_installed());

    // As an entrypoint does it when the settings are loaded again.
    assert!(kept.set_filter("install=chatty").is_err());
    kept.set_filter("off").unwrap();
    tracing::error!("hidden too");
    drop(kept);
    assert_eq!(memory.text().lines().count(), 1);
    assert_eq!(log::stats().written, 1);
}
