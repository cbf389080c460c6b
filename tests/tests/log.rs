//! A log that nobody reads, or that cannot be written, costs lines and nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::UdpSocket;
use std::time::Duration;

use mainspring_tests::{Demo, request};

/// One line each. The pipe holds 64 KiB, and the log twice 4 MiB: about 8,000 such lines.
const DATAGRAMS: usize = 30_000;
const DATA: [u8; 1_000] = [b'x'; 1_000];
/// As many as the socket's buffer surely holds.
const BURST: usize = 50;

/// Makes the demo log more than it can keep. The page between bursts lets it come to read them, and
/// shows that the log does not hold it up.
fn overflow(demo: &Demo, socket: &UdpSocket) {
    let mut connection = demo.connect();
    for _ in 0..DATAGRAMS / BURST {
        for _ in 0..BURST {
            socket.send(&DATA).unwrap();
        }
        connection.send(request("GET", "/sleep/1"));
        assert_eq!(connection.answer().text(), "slept 1 ms");
    }
}

/// The number after `dropped=`.
fn dropped(line: &str) -> usize {
    let number = line.rsplit_once("dropped=").and_then(|(_, number)| number.parse().ok());
    number.unwrap_or_else(|| panic!("no number of lines: {line}"))
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_request() {
    let demo = Demo::start();
    demo.errors().hold();
    overflow(&demo, &demo.udp_socket());
    let mut connection = demo.connect();
    for _ in 0..2_000 {
        connection.send(request("GET", "/"));
        assert_eq!(connection.answer().text(), "Meow.");
    }
}

#[test]
fn lines_that_are_dropped_are_counted_in_the_log() {
    let demo = Demo::start();
    demo.errors().hold();
    let socket = demo.udp_socket();
    overflow(&demo, &socket);
    demo.errors().release();
    demo.errors().expect("lines dropped dropped=");
    socket.send(b"end").unwrap();
    demo.errors().expect("-> end");
    let lines = demo.errors().so_far();
    let told: usize =
        lines.iter().filter(|line| line.contains("lines dropped")).map(|line| dropped(line)).sum();
    let written = lines.iter().filter(|line| line.contains("-> xxx")).count();
    assert!(told > 0 && written > 0, "{told} dropped, {written} written");
    assert!(told + written <= DATAGRAMS, "{told} dropped, {written} written");
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let mut demo = Demo::start();
    demo.errors().hold();
    overflow(&demo, &demo.udp_socket());
    demo.signal("TERM");
    // The log is given a second to write what it has.
    assert_eq!(demo.wait(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn a_log_whose_reader_has_gone_away_does_no_harm() {
    let mut demo = Demo::start();
    let socket = demo.udp_socket();
    demo.errors().leave();
    overflow(&demo, &socket);
    assert_eq!(demo.get("/").text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn rust_log_sets_the_level() {
    let mut command = mainspring_tests::demo();
    command.args(["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--udp", "127.0.0.1:0"]);
    command.env("RUST_LOG", "debug");
    let demo = Demo::run(command);
    assert!(demo.errors().so_far().iter().any(|line| line.contains("DEBUG")), "{:?}", demo.errors().so_far());
}
