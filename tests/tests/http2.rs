//! HTTP/2 spoken by the clients of others, friendly and hostile, to the demo; without TLS, by prior knowledge.
//!
//! `cargo xtask test` installs them where it can. A client that is missing is skipped with a note.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use mainspring_tests::{Demo, is_installed, python};

const MEGABYTE: u64 = 1024 * 1024;

fn url(demo: &Demo, path: &str) -> String {
    format!("http://{}{path}", demo.http)
}

/// Runs a command to its end, at most for a minute, and gives what it has written to standard output.
#[track_caller]
fn run(command: &Command) -> String {
    let mut bounded = Command::new("timeout");
    bounded.arg("60").arg(command.get_program()).args(command.get_args());
    // A proxy in the environment of the tests is not meant for loopback.
    bounded.env("NO_PROXY", "*").env_remove("http_proxy").env_remove("HTTP_PROXY");
    let output = bounded.output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}: {said}{errors}", output.status);
    said.into_owned()
}

/// curl with these arguments; each answer is followed by the version and the status.
#[track_caller]
fn curl(arguments: &[&str], url: &str) -> Option<String> {
    if !is_installed("curl", "--version") {
        return None;
    }
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "20", "--write-out", " %{http_version} %{http_code}"]);
    Some(run(command.args(arguments).arg(url)))
}

#[test]
fn curl_with_prior_knowledge_gets_a_page() {
    let demo = Demo::start();
    let Some(said) = curl(&["--http2-prior-knowledge"], &url(&demo, "/")) else { return };
    assert_eq!(said, "Meow. 2 200");
}

#[test]
fn curl_with_prior_knowledge_sends_a_document() {
    let demo = Demo::start();
    let typed = ["--http2-prior-knowledge", "-H", "Content-Type: application/json", "-d"];
    let document = format!("[\"{}\"]", "М".repeat(50_000));
    let Some(said) = curl(&[&typed[..], &[&document]].concat(), &url(&demo, "/echo")) else { return };
    assert_eq!(said, format!("{document} 2 200"));
}

#[test]
fn curl_with_prior_knowledge_is_refused_as_on_http_1() {
    let demo = Demo::start();
    for (path, status) in [("/nowhere", "404"), ("/users/two", "400"), ("/users/3", "404")] {
        let Some(said) = curl(&["--http2-prior-knowledge"], &url(&demo, path)) else { return };
        assert!(said.ends_with(&format!(" 2 {status}")), "{path}: {said}");
    }
}

/// RFC 9113 §3.1 has given up the upgrade by `Upgrade: h2c`: it is overlooked.
#[test]
fn curl_that_asks_for_an_upgrade_is_answered_in_http_1() {
    let demo = Demo::start();
    let Some(said) = curl(&["--http2"], &url(&demo, "/")) else { return };
    assert_eq!(said, "Meow. 1.1 200");
}

#[test]
fn curl_hears_events_over_http_2() {
    let demo = Demo::start_with(|command| {
        command.args(["--refresh", "0.05"]);
    });
    let three = ["--http2-prior-knowledge", "-N", "--max-time", "1", "--fail-with-body"];
    let mut command = Command::new("sh");
    // It ends by its time-out, as events never do.
    let line = format!("curl -sS {} {} || test $? = 28", three.join(" "), url(&demo, "/events"));
    if is_installed("curl", "--version") {
        let said = run(command.args(["-c", &line]));
        let events = said.matches("event: rate\ndata: {\"rate\":").count();
        assert!(events >= 3, "{said}");
    }
}

#[test]
fn nghttp_gets_many_pages_on_one_connection() {
    if is_installed("nghttp", "--version") {
        let demo = Demo::start();
        let mut command = Command::new("nghttp");
        command.args([
            "--multiply=100",
            "--padding=50",
            "--continuation",
            "--no-dep",
            &url(&demo, "/hello/Ada"),
        ]);
        assert_eq!(run(&command), "Hello, Ada".repeat(100));
    }
}

/// An answer of 20 bytes takes several turns through a window of 1.
#[test]
fn nghttp_gets_a_page_through_a_small_window() {
    if is_installed("nghttp", "--version") {
        let demo = Demo::start();
        let mut command = Command::new("nghttp");
        let hello = format!("/hello/{}", "a".repeat(5_000));
        command.args(["--window-bits=4", "--connection-window-bits=16", &url(&demo, &hello)]);
        assert_eq!(run(&command), format!("Hello, {}", "a".repeat(5_000)));
    }
}

#[test]
fn h2load_meets_no_error() {
    if is_installed("h2load", "--version") {
        let demo = Demo::start();
        let load = ["-n", "20000", "-c", "20", "-m", "32", &url(&demo, "/hello/h2load")];
        let said = run(Command::new("h2load").args(load));
        assert!(said.contains("20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout"), "{said}");
        assert!(said.contains("20000 2xx"), "{said}");
    }
}

#[test]
fn python_h2_finds_nothing_amiss() {
    let Some(mut script) = python("clients/with_h2.py", &["h2"]) else { return };
    let demo = Demo::start();
    assert_eq!(run(script.arg(demo.http.to_string())), "done\n");
}

/// An attack of `clients/hostile_h2.py` on ten connections; how each of them ended.
#[track_caller]
fn attack(name: &str, ends: &[&str]) {
    let Some(mut script) = python("clients/hostile_h2.py", &["h2", "hpack", "hyperframe"]) else { return };
    let demo = Demo::start();
    assert_eq!(demo.get("/").text(), "Meow.");
    let before = demo.memory();
    let said = run(script.arg(demo.http.to_string()).arg(name));
    assert_eq!(said.lines().count(), 10, "{said}");
    for end in said.lines() {
        assert!(ends.contains(&end), "{name} ended with {end}");
    }
    let after = demo.memory();
    assert!(after < before + 32 * MEGABYTE, "the memory grew from {before} to {after} bytes");
    assert_eq!(demo.get("/").text(), "Meow.");
    let log = demo.errors().so_far().join("\n");
    assert!(!log.contains("panicked"), "{log}");
}

const CALM: &str = "GOAWAY ENHANCE_YOUR_CALM";
const PROTOCOL: &str = "GOAWAY PROTOCOL_ERROR";
/// The server may have hung up with bytes of ours unread, and then its GOAWAY does not reach us.
const RESET: &str = "reset";

#[test]
fn streams_that_are_reset_at_once() {
    attack("rapid_reset", &[CALM, RESET]);
}

#[test]
fn streams_that_break_the_rules_to_be_reset_by_the_server() {
    attack("made_to_reset", &[CALM, PROTOCOL, RESET]);
}

#[test]
fn header_blocks_without_end() {
    attack("continuation_flood", &[CALM, PROTOCOL, "GOAWAY COMPRESSION_ERROR", RESET]);
}

#[test]
fn a_few_bytes_that_stand_for_many_headers() {
    attack("header_bomb", &["431", CALM, RESET]);
}

#[test]
fn windows_that_overflow() {
    attack("window_overflow", &["GOAWAY FLOW_CONTROL_ERROR", RESET]);
}

#[test]
fn windows_that_never_open() {
    attack("closed_window", &["open"]);
}

#[test]
fn windows_that_open_byte_by_byte() {
    attack("window_by_bytes", &["200"]);
}

#[test]
fn pings_whose_answers_are_not_read() {
    attack("ping_flood", &["stalled", CALM, RESET]);
}

#[test]
fn settings_whose_answers_are_not_read() {
    attack("settings_flood", &["stalled", CALM, RESET]);
}

#[test]
fn data_for_no_stream() {
    attack("idle_data", &[PROTOCOL, RESET]);
}

#[test]
fn streams_of_even_numbers() {
    attack("even_stream", &[PROTOCOL, RESET]);
}

#[test]
fn data_without_bytes() {
    attack("empty_data", &["400", CALM, RESET]);
}
