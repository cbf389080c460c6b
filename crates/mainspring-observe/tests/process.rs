//! A whole process that logs to its standard error.

use std::{
    io::Read,
    process::{Command, Stdio},
    time::Duration,
};

use mainspring_observe::log::{self, Log};
use mainspring_service::entrypoint::Environment;

const LINES: u64 = 20_000;

#[test]
#[ignore = "the child of the test below"]
fn child() {
    let log = Log::new().exit_flush(Duration::from_millis(20));
    let guard = log.install(&Environment::default()).unwrap();
    (0..LINES).for_each(|n| tracing::info!(n, "line"));
    drop(guard);
    assert_eq!(log::stats().lines, LINES);
}

#[test]
fn a_process_whose_standard_error_is_stuck_runs_and_ends() {
    // Bounded from outside, so that a hang fails instead of hanging this test too.
    let mut process = Command::new("timeout")
        .arg("30")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(process.wait().unwrap().success());

    // What the pipe holds are whole lines from the start, of which the last may be cut.
    let mut text = String::new();
    process.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    let (whole, _) = text.rsplit_once('\n').unwrap();
    let mut count = 0;
    for (n, line) in whole.lines().enumerate() {
        assert!(line.ends_with(&format!("  INFO process: line n={n}")), "{line}");
        count += 1;
    }
    assert!(count > 0 && count < LINES, "{count}");
}
