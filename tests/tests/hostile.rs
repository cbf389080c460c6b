//! Clients that send too much of everything: the right status, and no memory for it.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use mainspring_tests::{Demo, request};

const MEGABYTE: usize = 1024 * 1024;
/// How often each is sent before and while the memory is watched.
const FIRST: usize = 10;
const ROUNDS: usize = 50;
/// What an allocator may keep, in bytes.
const BOUND: u64 = 16 * 1024 * 1024;

/// Sends the same many times on connections of their own; the memory must stay where it was after the first.
#[track_caller]
fn costs_nothing(bytes: &str, statuses: &[u16]) {
    let demo = Demo::start();
    let send = |count: usize| {
        for _ in 0..count {
            let mut connection = demo.connect();
            connection.offer(bytes);
            let status = connection.answer().status;
            assert!(statuses.contains(&status), "the answer is {status}");
        }
    };
    send(FIRST);
    let before = demo.memory();
    send(ROUNDS);
    stays(&demo, before);
    let log = demo.errors().so_far().join("\n");
    assert!(!log.contains("panicked"), "{log}");
}

#[track_caller]
fn stays(demo: &Demo, before: u64) {
    let after = demo.memory();
    assert!(after < before + BOUND, "the memory grew from {before} to {after} bytes");
    assert_eq!(demo.get("/").text(), "Meow.");
}

/// A POST with these header lines and this body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{lines}\r\n{body}")
}

#[test]
fn targets_of_a_megabyte() {
    costs_nothing(&request("GET", &format!("/{}", "a".repeat(MEGABYTE))), &[414]);
}

#[test]
fn headers_of_a_megabyte() {
    costs_nothing(&format!("GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "a".repeat(MEGABYTE)), &[431]);
}

#[test]
fn fifty_thousand_headers() {
    costs_nothing(&format!("GET / HTTP/1.1\r\nHost: test\r\n{}\r\n", "X: y\r\n".repeat(50_000)), &[431]);
}

#[test]
fn bodies_of_a_terabyte() {
    costs_nothing(&post("Content-Length: 1099511627776\r\n", &"a".repeat(MEGABYTE)), &[413]);
}

#[test]
fn bodies_of_four_megabytes_in_small_chunks() {
    let chunks = format!("400\r\n{}\r\n", "a".repeat(1024)).repeat(4096);
    costs_nothing(&post("Transfer-Encoding: chunked\r\n", &chunks), &[413]);
}

#[test]
fn chunks_of_an_exabyte() {
    let chunk = format!("fffffffffffffff\r\n{}", "a".repeat(MEGABYTE));
    costs_nothing(&post("Transfer-Encoding: chunked\r\n", &chunk), &[413]);
}

#[test]
fn chunk_extensions_of_a_megabyte() {
    let chunk = format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(MEGABYTE));
    costs_nothing(&post("Transfer-Encoding: chunked\r\n", &chunk), &[400, 413, 431]);
}

#[test]
fn trailers_of_a_megabyte() {
    let body = format!("3\r\n[1]\r\n0\r\n{}\r\n", "X: y\r\n".repeat(MEGABYTE / 6));
    costs_nothing(&post("Transfer-Encoding: chunked\r\n", &body), &[400, 431]);
}

#[test]
fn megabytes_of_empty_lines() {
    costs_nothing(&"\r\n".repeat(MEGABYTE / 2), &[400]);
}

/// Requests without end, of whose answers none is read: the server stops reading.
#[test]
fn pipelines_that_are_never_read() {
    const CONNECTIONS: usize = 4;
    let demo = Demo::start();
    assert_eq!(demo.get("/").text(), "Meow.");
    let before = demo.memory();
    let batch = request("GET", "/hello/hostile").repeat(1000);
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(demo.http).expect("the server accepts");
        stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a bound can be set");
        let error = (0..100_000).find_map(|_| stream.write_all(batch.as_bytes()).err());
        let kind = error.expect("the server does not read for ever").kind();
        assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind}");
        streams.push(stream);
    }
    stays(&demo, before);
}

/// Each has sent half a head and waits.
#[test]
fn nine_hundred_half_heads() {
    let demo = Demo::start();
    assert_eq!(demo.get("/").text(), "Meow.");
    let before = demo.memory();
    let half = format!("GET / HTTP/1.1\r\nHost: test\r\nX: {}", "a".repeat(1024));
    let connections: Vec<_> = (0..900)
        .map(|_| {
            let mut connection = demo.connect();
            connection.send(&half);
            connection
        })
        .collect();
    // Answered after the others have been read, as all were sent before it.
    stays(&demo, before + 16 * 1024 * connections.len() as u64);
}
