//! Levels that change while the process runs, and settings that cannot be used.

mod support;

use std::path::Path;

use mainspring_observe::log::{Error, Log, Output};
use support::Memory;
use tracing::{debug, info};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

fn refused(log: Log) -> Error {
    log.layer::<Registry>().map(drop).expect_err("it is refused")
}

#[test]
fn the_level_changes_at_run_time() {
    let memory = Memory::new();
    let log = Log::new().output(Output::Writer(Box::new(memory.clone())));
    let (layer, guard) = log.layer::<Registry>().unwrap();
    tracing::subscriber::with_default(Registry::default().with(layer), || {
        let say = |n: u32| debug!(n, "said");
        say(1);
        guard.filter("debug").unwrap();
        say(2);
        guard.handle().filter("other=debug").unwrap();
        say(3);
        guard.filter("filter=debug").unwrap();
        say(4);
        guard.filter("").unwrap();
        say(5);
        info!(n = 6, "said");
    });
    drop(guard);
    let said: Vec<_> =
        memory.text().lines().map(|line| line.split_once("n=").unwrap().1.to_owned()).collect();
    assert_eq!(said, ["2", "4", "6"]);
}

#[test]
fn a_bad_directive_at_run_time_leaves_the_filter_alone() {
    let memory = Memory::new();
    let log = Log::new().level("debug").output(Output::Writer(Box::new(memory.clone())));
    let (layer, guard) = log.layer::<Registry>().unwrap();
    tracing::subscriber::with_default(Registry::default().with(layer), || {
        let error = guard.filter("info,hyper=chatty").unwrap_err();
        assert!(error.is_bad_filter());
        assert!(error.to_string().contains("\"hyper=chatty\""), "{error}");
        debug!("still here");
    });
    drop(guard);
    assert!(memory.text().contains("still here"));
}

#[test]
fn a_filter_whose_subscriber_is_gone_says_so() {
    let (layer, guard) =
        Log::new().output(Output::Writer(Box::new(Memory::new()))).layer::<Registry>().unwrap();
    drop(layer);
    assert!(guard.filter("debug").unwrap_err().is_gone());
}

#[test]
fn a_bad_level_is_refused_before_anything_is_opened() {
    let path = std::env::temp_dir().join(format!("mainspring-observe-unopened-{}", std::process::id()));
    assert!(refused(Log::new().level("inof").output(Output::File(path.clone()))).is_bad_filter());
    assert!(!Path::exists(&path));
}

#[test]
fn a_buffer_that_holds_no_line_is_refused() {
    let error = refused(Log::new().buffer(10));
    assert!(error.is_bad_buffer());
    assert_eq!(error.to_string(), "log buffer of 10 bytes: expected 1024 to 1073741824");
}

#[test]
fn a_buffer_beyond_all_memory_is_refused() {
    assert!(refused(Log::new().buffer(usize::MAX)).is_bad_buffer());
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let error = refused(Log::new().output(Output::File("/nowhere/at/all.log".into())));
    assert!(error.is_output());
    assert!(error.to_string().starts_with("log output /nowhere/at/all.log: "), "{error}");
}
