//! What `load` does to the process it runs in, seen from another one: this test program, started again.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use mainspring_service::config::{Loader, Sources};

use crate::settings::Settings;

/// The program that is looked at. Its arguments come through standard input, for those of the process belong to the
/// test runner.
#[test]
#[ignore = "it is run by the other tests of this file"]
fn program() {
    let mut args = String::new();
    std::io::stdin().read_to_string(&mut args).unwrap();
    let sources = Sources::process().args(args.lines());
    match Loader::new("rates-of-test").sources(sources).load::<Settings>() {
        Ok(settings) => println!("runs with {} workers", settings.http.workers),
        Err(error) => println!("main got: {error}"),
    }
}

fn run(args: &[&str], vars: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["process::program", "--exact", "--ignored", "--nocapture"]).envs(vars.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(args.join("\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_is_written_to_standard_output_and_the_process_ends_well() {
    let output = run(&["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Usage: rates-of-test [OPTIONS]"));
    assert!(!text(&output.stdout).contains("runs with"));
}

#[test]
fn a_check_that_fails_ends_with_2_and_says_why_on_standard_error() {
    let output = run(&["--check", "--http.workers=x"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("error: flag --http.workers: `http.workers`: expected an integer"));
}

#[test]
fn a_check_that_succeeds_ends_with_0() {
    let output = run(&["--check"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("the settings of rates-of-test are in order"));
}

#[test]
fn a_mistake_without_a_check_is_for_main_to_report() {
    let output = run(&["--http.workers=x"], &[]);
    assert!(text(&output.stdout).contains("main got: flag --http.workers"));
}

#[test]
fn the_variables_of_the_process_are_read() {
    let output = run(&[], &[("RATES_OF_TEST_HTTP__WORKERS", "11")]);
    assert!(text(&output.stdout).contains("runs with 11 workers"), "{}", text(&output.stdout));
}
