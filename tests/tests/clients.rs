//! Whole clients that others have written, with their pools and their loops, against the demo; see also `peers.rs`.
//!
//! `cargo xtask test` installs them where it can. A client that is missing is skipped with a note.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use mainspring_tests::{Demo, browse, is_installed, python};

fn url(demo: &Demo) -> String {
    format!("http://{}", demo.http)
}

/// Runs a command to its end, and gives what it has written to standard output.
#[track_caller]
fn run(command: &mut Command) -> String {
    // A proxy in the environment of the tests is not meant for loopback.
    command.env("NO_PROXY", "*").env_remove("http_proxy").env_remove("HTTP_PROXY");
    let output = command.output().unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}{errors}");
    said.into_owned()
}

/// The number after a label in the report of a program.
#[track_caller]
fn number_after(label: &str, report: &str) -> u64 {
    let rest = report.lines().find_map(|line| line.trim_start().strip_prefix(label));
    let number = rest.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no `{label}` in\n{report}"))
}

#[test]
fn python_aiohttp() {
    let Some(mut script) = python("clients/with_aiohttp.py", &["aiohttp"]) else { return };
    let demo = Demo::start();
    assert_eq!(run(script.arg(url(&demo))), "done\n");
}

#[test]
fn python_httpx() {
    let Some(mut script) = python("clients/with_httpx.py", &["httpx"]) else { return };
    let demo = Demo::start();
    assert_eq!(run(script.arg(url(&demo))), "done\n");
}

#[test]
fn node_fetch() {
    if is_installed("node", "--version") {
        let demo = Demo::start();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/with_fetch.mjs");
        assert_eq!(run(Command::new("node").arg(script).arg(url(&demo))), "done\n");
    }
}

/// Speaks HTTP/1.0 with `Connection: Keep-Alive`.
#[test]
fn apache_bench_keeps_its_connections() {
    if is_installed("ab", "-V") {
        let demo = Demo::start();
        let url = format!("{}/hello/ab", url(&demo));
        let said = run(Command::new("ab").args(["-q", "-k", "-n", "5000", "-c", "50", &url]));
        let numbers = ["Complete requests:", "Keep-Alive requests:", "Failed requests:"];
        assert_eq!(numbers.map(|label| number_after(label, &said)), [5_000, 5_000, 0], "{said}");
        assert!(!said.contains("Non-2xx"), "{said}");
    }
}

#[test]
fn apache_bench_with_a_connection_per_request() {
    if is_installed("ab", "-V") {
        let demo = Demo::start();
        let url = format!("{}/", url(&demo));
        let said = run(Command::new("ab").args(["-q", "-n", "2000", "-c", "50", &url]));
        assert_eq!(number_after("Complete requests:", &said), 2_000, "{said}");
        assert_eq!(number_after("Failed requests:", &said), 0, "{said}");
    }
}

#[test]
fn wrk_meets_no_error() {
    if is_installed("wrk", "--version") {
        let demo = Demo::start();
        let said = run(Command::new("wrk").args(["-t1", "-c64", "-d1s", &url(&demo)]));
        assert!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
        assert!(said.contains(" requests in "), "{said}");
    }
}

#[test]
fn h2load_pipelines_http_1() {
    if is_installed("h2load", "--version") {
        let demo = Demo::start();
        let load = ["--h1", "-n", "5000", "-c", "20", "-m", "16", &url(&demo)];
        let said = run(Command::new("h2load").args(load));
        assert!(said.contains("5000 done, 5000 succeeded, 0 failed, 0 errored"), "{said}");
        assert!(said.contains("5000 2xx"), "{said}");
    }
}

#[test]
fn chromium_shows_a_page_and_fetches() {
    let demo = Demo::start();
    let script = r#"
        const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"tick":[1,"М"]}' };
        const hello = await Promise.all([...Array(50).keys()].map(async (n) => (await fetch(`/hello/${n}`)).text()));
        return {
            page: document.body.innerText,
            echo: await (await fetch("/echo", post)).json(),
            last: hello[49],
            nowhere: (await fetch("/nowhere")).status,
        };
    "#;
    let Some(came) = browse(&url(&demo), script) else { return };
    assert_eq!(came["page"], "Meow.", "{came}");
    assert_eq!(came["echo"].to_string(), r#"{"tick":[1,"М"]}"#, "{came}");
    assert_eq!((&came["last"], &came["nowhere"]), (&"Hello, 49".into(), &404.into()), "{came}");
}

/// The demo's page for the eye: its own script fetches, listens and chats; we read what it shows, and type.
#[test]
fn chromium_shows_what_fetch_event_source_and_websocket_bring() {
    let demo = Demo::start_with(|command| {
        command.args(["--refresh", "0.2"]);
    });
    let script = include_str!("../clients/live.js");
    let Some(came) = browse(&format!("{}/live", url(&demo)), script) else { return };
    for rate in [&came["rates"]["fetched"], &came["changed"]["streamed"], &came["changed"]["told"]] {
        assert!(rate.as_u64().is_some_and(|rate| (40..80).contains(&rate)), "{came}");
    }
    assert_eq!((&came["line"], &came["heard"]), (&"Мяу <b>".into(), &"Мяу <b>".into()), "{came}");
    assert!(came["compressed"].as_str().is_some_and(|name| name.contains("permessage-deflate")), "{came}");
}

#[test]
fn python_websockets() {
    let Some(mut script) = python("clients/with_websockets.py", &["websockets"]) else { return };
    let demo = Demo::start_with(|command| {
        command.args(["--refresh", "3600"]);
    });
    let url = format!("ws://{}/ws", demo.http);
    assert_eq!(run(script.arg(url)), "done\n");
}
