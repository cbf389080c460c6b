//! Requests that are none: each is refused, its connection is closed, and everybody else is served.

use mainspring_tests::Demo;

const START: &str = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
/// Would be answered if a bad request before it did not end the connection.
const NEXT: &str = "GET /rate HTTP/1.1\r\nHost: test\r\n\r\n";

/// The server refuses the bytes with one of the statuses, answers nothing else and serves others.
#[track_caller]
fn is_refused(bytes: impl AsRef<[u8]>, statuses: &[u16]) {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.offer(bytes);
    let answer = connection.answer();
    assert!(statuses.contains(&answer.status), "{answer:?}");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(!answer.body.is_empty(), "the client is told why");
    assert_eq!(connection.rest(), b"", "nothing after a refused request is read as a request");
    assert_eq!(demo.get("/").text(), "Meow.");
}

#[test]
fn a_request_line_of_100_kb() {
    is_refused(format!("GET /{} HTTP/1.1\r\nHost: test\r\n\r\n", "a".repeat(100 * 1024)), &[414]);
}

#[test]
fn headers_of_100_kb() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "a".repeat(100 * 1024)), &[431]);
}

#[test]
fn more_headers_than_the_limit() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\r\n{}\r\n", "X: 1\r\n".repeat(200)), &[431]);
}

#[test]
fn a_body_larger_than_the_limit() {
    is_refused(format!("{START}Content-Length: 1000000000000\r\n\r\n"), &[413]);
}

#[test]
fn chunks_larger_than_the_limit() {
    let chunk = format!("100000\r\n{}\r\n", "a".repeat(0x10_0000));
    is_refused(format!("{START}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(3)), &[413]);
}

#[test]
fn a_header_without_a_colon() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\r\nnonsense\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn a_blank_before_the_colon() {
    is_refused(format!("{START}Content-Length : 2\r\n\r\n{{}}{NEXT}"), &[400]);
}

#[test]
fn no_host() {
    is_refused(format!("GET / HTTP/1.1\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn two_lengths_that_differ() {
    is_refused(format!("{START}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}{NEXT}"), &[400]);
}

#[test]
fn a_length_and_chunks() {
    let head = format!("{START}Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n");
    is_refused(format!("{head}0\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn a_length_with_a_plus() {
    is_refused(format!("{START}Content-Length: +5\r\n\r\n[1,2]{NEXT}"), &[400]);
}

#[test]
fn a_length_that_is_a_list() {
    is_refused(format!("{START}Content-Length: 5, 5\r\n\r\n[1,2]{NEXT}"), &[400]);
}

#[test]
fn a_length_beyond_all_numbers() {
    is_refused(format!("{START}Content-Length: 18446744073709551617\r\n\r\n0{NEXT}"), &[400, 413]);
}

#[test]
fn a_transfer_coding_that_is_not_known() {
    is_refused(format!("{START}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{NEXT}"), &[400, 501]);
}

#[test]
fn a_chunk_size_beyond_all_numbers() {
    let head = format!("{START}Transfer-Encoding: chunked\r\n\r\n");
    is_refused(format!("{head}10000000000000001\r\n0\r\n\r\n{NEXT}"), &[400, 413]);
}

#[test]
fn a_chunk_size_that_is_no_number() {
    is_refused(format!("{START}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{{}}\r\n0\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn a_chunk_longer_than_its_size() {
    is_refused(format!("{START}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}x\r\n0\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn bare_line_feeds() {
    is_refused(format!("GET / HTTP/1.1\nHost: test\n\n{NEXT}"), &[400]);
}

#[test]
fn one_bare_line_feed() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\nX: 1\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn a_bare_carriage_return() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\r\nX: 1\rY: 2\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn a_nul_in_a_header() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\r\nX: a\0b\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn a_folded_header() {
    is_refused(format!("GET / HTTP/1.1\r\nHost: test\r\nX: a\r\n b\r\n\r\n{NEXT}"), &[400]);
}

#[test]
fn another_version() {
    is_refused("GET / HTTP/3.0\r\nHost: test\r\n\r\n", &[400, 505]);
}

#[test]
fn a_tls_greeting() {
    is_refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on\r\n\r\n", &[400]);
}

/// There is nobody to tell but a client that has closed its half: told or not, the connection ends.
#[test]
fn a_body_shorter_than_announced() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(format!("{START}Content-Length: 100\r\n\r\n[1,2]"));
    connection.finish();
    let rest = connection.rest();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(demo.get("/").text(), "Meow.");
}

#[test]
fn a_head_that_ends_early() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send("GET / HTTP/1.1\r\nHos");
    connection.finish();
    let rest = connection.rest();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(demo.get("/").text(), "Meow.");
}

/// A client that has closed its half still reads: what it has asked for is due.
#[test]
fn a_client_that_closes_its_half_is_answered() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(NEXT);
    connection.finish();
    assert_eq!(connection.answer().status, 200);
    assert_eq!(connection.rest(), b"");
}

/// It cannot be told from one that went away, and nobody should work for that one.
#[test]
fn a_client_that_closes_its_half_while_a_safe_handler_waits_counts_as_gone() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(NEXT.replace("/rate", "/sleep/60000"));
    connection.finish();
    assert_eq!(connection.rest(), b"");
}

#[test]
fn bad_clients_leave_no_errors_in_the_log() {
    let demo = Demo::start();
    for _ in 0..100 {
        demo.connect().offer("nonsense\r\n\r\n");
    }
    assert_eq!(demo.get("/").text(), "Meow.");
    let log = demo.errors().so_far().join("\n");
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}
