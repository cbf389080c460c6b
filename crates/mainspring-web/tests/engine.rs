//! The engine alone: what it accepts, what it refuses, and that it does not matter how bytes are cut.

use bytes::BytesMut;
use mainspring_web::http1::{Decoder, Expect, Limits, Piece, Refusal, Version};

/// What a client gets served: the target and body of each request, or the refusal that ended it.
#[derive(Debug, PartialEq, Eq, Default)]
struct Outcome {
    requests: Vec<(String, Vec<u8>)>,
    refusal: Option<Refusal>,
    /// Nothing of a request is left over.
    complete: bool,
}

/// Feeds the parts one after the other, as a server reads them.
fn feed(parts: &[&[u8]], limits: Limits) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(refusal) = decode(parts, limits, &mut outcome) {
        outcome.refusal = Some(refusal);
    }
    outcome
}

fn decode(parts: &[&[u8]], limits: Limits, outcome: &mut Outcome) -> Result<(), Refusal> {
    let mut decoder = Decoder::new(limits);
    let mut buffer = BytesMut::new();
    let mut at_work: Option<(String, Vec<u8>)> = None;
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            let Some((_, body)) = &mut at_work else {
                match decoder.head(&mut buffer)? {
                    Some(incoming) => at_work = Some((incoming.head.path().to_owned(), Vec::new())),
                    None => break,
                }
                continue;
            };
            match decoder.body(&mut buffer)? {
                Some(Piece::Data(piece)) => body.extend_from_slice(&piece),
                Some(Piece::End) => outcome.requests.extend(at_work.take()),
                None => break,
            }
        }
    }
    outcome.complete = buffer.is_empty() && at_work.is_none();
    Ok(())
}

fn whole(bytes: impl AsRef<[u8]>) -> Outcome {
    feed(&[bytes.as_ref()], Limits::default())
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, status: u16) {
    let bytes = bytes.as_ref();
    let outcome = whole(bytes);
    let refusal = outcome.refusal.unwrap_or_else(|| panic!("accepted: {}", bytes.escape_ascii()));
    assert_eq!(refusal.status().as_u16(), status, "{refusal} for {}", bytes.escape_ascii());
}

#[track_caller]
fn accepted(bytes: impl AsRef<[u8]>) -> Vec<(String, Vec<u8>)> {
    let outcome = whole(&bytes);
    assert_eq!(outcome.refusal, None, "{}", bytes.as_ref().escape_ascii());
    assert!(outcome.complete, "{}", bytes.as_ref().escape_ascii());
    outcome.requests
}

/// A GET with these header lines (each with its end) beside `Host`.
fn with(lines: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

fn head(bytes: &str) -> mainspring_web::http1::Incoming {
    Decoder::new(Limits::default()).head(&mut BytesMut::from(bytes)).expect("valid").expect("whole")
}

mod request_line {
    use super::*;

    #[test]
    fn path_and_query_are_split() {
        let head = head("GET /a%20b?c=d?e HTTP/1.1\r\nHost: a\r\n\r\n").head;
        assert_eq!((head.path(), head.query()), ("/a%20b", Some("c=d?e")));
    }

    #[test]
    fn versions_are_told_apart() {
        assert_eq!(head(&with("")).head.version(), Version::Http11);
        assert_eq!(head("GET / HTTP/1.0\r\n\r\n").head.version(), Version::Http10);
    }

    #[test]
    fn another_version_is_a_505() {
        refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
        refused("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505);
        refused("GET / http/1.1\r\nHost: a\r\n\r\n", 505);
    }

    #[test]
    fn a_malformed_request_line_is_refused() {
        for line in [
            "GET",
            "GET /",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "G@T / HTTP/1.1",
            "GET /\ta HTTP/1.1",
            "/ HTTP/1.1",
            "GET / a HTTP/1.1",
        ] {
            let outcome = whole(format!("{line}\r\nHost: a\r\n\r\n"));
            assert!(outcome.refusal.is_some(), "{line:?}");
        }
    }

    #[test]
    fn a_target_beyond_the_limit_is_a_414() {
        refused(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(20_000)), 414);
        refused(format!("GET /{}", "a".repeat(100_000)), 414);
    }

    #[test]
    fn bytes_that_must_be_encoded_are_refused() {
        refused("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", 400);
        refused("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
        refused(b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    }

    #[test]
    fn the_absolute_form_has_a_host_of_its_own() {
        let head = head("GET http://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n").head;
        assert_eq!((head.host(), head.path(), head.query()), (Some("b:80"), "/c", Some("d")));
    }

    #[test]
    fn an_absolute_form_without_path_means_the_root() {
        let head = head("GET http://b?d HTTP/1.1\r\nHost: a\r\n\r\n").head;
        assert_eq!((head.path(), head.query()), ("/", Some("d")));
    }

    #[test]
    fn an_absolute_form_without_a_valid_host_is_refused() {
        refused("GET http:///c HTTP/1.1\r\nHost: a\r\n\r\n", 400);
        refused("GET http://user@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
        refused("GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    }

    #[test]
    fn the_asterisk_is_for_options_only() {
        assert_eq!(accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")[0].0, "*");
        refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    }

    #[test]
    fn connect_is_not_implemented() {
        refused("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    }

    #[test]
    fn a_few_empty_lines_before_it_are_skipped() {
        assert_eq!(accepted(format!("\r\n\r\n{}", with(""))).len(), 1);
        refused("\r\n".repeat(20), 400);
        refused(format!("\n{}", with("")), 400);
        refused("\rGET", 400);
    }
}

mod headers {
    use super::*;

    #[test]
    fn a_value_is_trimmed_and_found_by_any_case() {
        let head = head(&with("X-Cat: \t Tom \r\n")).head;
        assert_eq!(head.header("x-cat"), Some("Tom"));
        assert_eq!(head.fields().count(), 2);
    }

    #[test]
    fn a_header_without_a_colon_is_refused() {
        refused(with("X-Cat\r\n"), 400);
    }

    #[test]
    fn white_space_before_the_colon_is_refused() {
        refused(with("X-Cat : Tom\r\n"), 400);
        refused(with("X-Cat\t: Tom\r\n"), 400);
        refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
    }

    #[test]
    fn a_folded_line_is_refused() {
        refused(with("X-Cat: Tom\r\n and Jerry\r\n"), 400);
        refused(with("X-Cat: Tom\r\n\tand Jerry\r\n"), 400);
        refused(with("X-Cat:\r\n Tom\r\n"), 400);
    }

    #[test]
    fn a_bare_line_feed_is_refused_wherever_it_stands() {
        refused("GET / HTTP/1.1\nHost: a\r\n\r\n", 400);
        refused("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400);
        refused("GET / HTTP/1.1\r\nHost: a \n\r\n", 400);
        refused("GET / HTTP/1.1\r\nHost: a\r\n\n", 400);
        refused("GET / HTTP/1.1\nHost: a\n\n", 400);
        refused("GET / HTTP/1.0\n\n", 400);
    }

    #[test]
    fn a_bare_carriage_return_is_refused() {
        refused(with("X: a\rb\r\n"), 400);
        refused(with("X: a\r\rb\r\n"), 400);
    }

    #[test]
    fn control_bytes_in_a_value_are_refused() {
        for byte in (0..0x20).chain([0x7f]).filter(|byte| !b"\t\r\n".contains(byte)) {
            refused([with("X: a").trim_end().as_bytes(), &[byte], b"b\r\n\r\n"].concat(), 400);
        }
    }

    #[test]
    fn a_name_that_is_no_token_is_refused() {
        for name in ["", "X Y", "X(", "X\"", "Xé", "X\0"] {
            refused(with(&format!("{name}: a\r\n")), 400);
        }
    }

    #[test]
    fn more_headers_than_the_limit_are_a_431() {
        assert_eq!(accepted(with(&"X: a\r\n".repeat(99))).len(), 1);
        refused(with(&"X: a\r\n".repeat(100)), 431);
    }

    #[test]
    fn a_head_beyond_the_limit_is_a_431() {
        refused(with(&format!("X: {}\r\n", "a".repeat(70_000))), 431);
        refused(with(&format!("X: {}", "a".repeat(70_000))).trim_end(), 431);
    }
}

mod host {
    use super::*;

    #[test]
    fn it_is_required_in_http11_only() {
        refused("GET / HTTP/1.1\r\n\r\n", 400);
        assert_eq!(accepted("GET / HTTP/1.0\r\n\r\n").len(), 1);
    }

    #[test]
    fn it_must_not_be_repeated() {
        refused(with("Host: a\r\n"), 400);
        refused(with("host: b\r\n"), 400);
    }

    #[test]
    fn it_must_be_a_host() {
        for host in ["a b", "a/b", "a,b", "a@b", "é"] {
            refused(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), 400);
        }
        for host in ["", "example.org:80", "[::1]:80", "127.0.0.1"] {
            assert_eq!(accepted(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).len(), 1, "{host}");
        }
    }
}

mod framing {
    use super::*;

    #[test]
    fn a_counted_body_is_read() {
        let requests = accepted("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nMeow");
        assert_eq!(requests, [("/a".to_owned(), b"Meow".to_vec())]);
    }

    #[test]
    fn a_chunked_body_is_read() {
        let requests = accepted(
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nMeow\r\n0\r\n\r\n",
        );
        assert_eq!(requests, [("/a".to_owned(), b"Meow".to_vec())]);
    }

    #[test]
    fn a_length_that_is_not_digits_only_is_refused() {
        for length in ["+5", "-5", "5, 5", "5 5", "0x5", "", "5a", "５", "5.0", "99999999999999999999"] {
            refused(with(&format!("Content-Length: {length}\r\n")), 400);
        }
    }

    #[test]
    fn a_repeated_length_is_refused() {
        refused(with("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
        refused(with("Content-Length: 5\r\ncontent-length: 5\r\n"), 400);
    }

    #[test]
    fn a_length_beside_a_transfer_coding_is_refused() {
        refused(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
        refused(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
    }

    #[test]
    fn a_transfer_coding_other_than_chunked_is_a_501() {
        for coding in ["gzip", "gzip, chunked", "identity", "xchunked", "chunked;a=b", "\"chunked\""] {
            refused(with(&format!("Transfer-Encoding: {coding}\r\n")), 501);
        }
    }

    #[test]
    fn chunked_that_is_not_last_or_repeated_is_a_400() {
        for coding in ["chunked, gzip", "chunked, chunked", "", "chunked,"] {
            refused(with(&format!("Transfer-Encoding: {coding}\r\n")), 400);
        }
        refused(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
    }

    #[test]
    fn a_transfer_coding_in_http10_is_refused() {
        refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    }

    #[test]
    fn a_body_beyond_the_limit_is_a_413() {
        refused(with("Content-Length: 2097153\r\n"), 413);
        assert_eq!(whole(with("Content-Length: 2097152\r\n")).refusal, None);
        refused(with("Transfer-Encoding: chunked\r\n") + "200001\r\n", 413);
    }

    #[test]
    fn limits_can_be_set() {
        let limits = Limits { head: 64, target: 16, headers: 2, body: 3 };
        let status = |bytes: String| feed(&[bytes.as_bytes()], limits).refusal.map(|r| r.status().as_u16());
        assert_eq!(status(with("")), None);
        assert_eq!(status(with("Content-Length: 4\r\n")), Some(413));
        assert_eq!(status(with("A: b\r\nC: d\r\n")), Some(431));
        assert_eq!(status(with(&format!("A: {}\r\n", "b".repeat(40)))), Some(431));
        assert_eq!(status(format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(16))), Some(414));
    }
}

mod connection {
    use super::*;

    fn keeps(version: &str, lines: &str) -> bool {
        head(&format!("GET / HTTP/{version}\r\nHost: a\r\n{lines}\r\n")).keep_alive
    }

    #[test]
    fn http11_stays_unless_it_says_close() {
        assert!(keeps("1.1", ""));
        assert!(!keeps("1.1", "Connection: Close\r\n"));
        assert!(!keeps("1.1", "Connection: upgrade, close\r\n"));
        assert!(!keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
    }

    #[test]
    fn http10_ends_unless_it_says_keep_alive() {
        assert!(!keeps("1.0", ""));
        assert!(keeps("1.0", "Connection: Keep-Alive\r\n"));
        assert!(!keeps("1.0", "Connection: keep-alive, close\r\n"));
    }

    #[test]
    fn the_expectation_counts_where_a_body_follows() {
        assert_eq!(head(&with("Expect: 100-Continue\r\nContent-Length: 1\r\n")).expect, Expect::Continue);
        assert_eq!(head(&with("Expect: 100-continue\r\n")).expect, Expect::Nothing);
        let old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
        assert_eq!(head(old).expect, Expect::Nothing);
    }

    #[test]
    fn an_unknown_expectation_is_a_417() {
        refused(with("Expect: cake\r\n"), 417);
    }

    #[test]
    fn requests_in_one_piece_come_in_order() {
        let bytes = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
        let targets: Vec<String> = accepted(bytes).into_iter().map(|(target, _)| target).collect();
        assert_eq!(targets, ["/1", "/2", "/3"]);
    }
}

mod cuts {
    use super::*;

    const VALID: [&str; 6] = [
        "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
        "\r\nGET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n\r\nHEAD / HTTP/1.0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nHello World",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nHello\r\n6\r\n World\r\n0\r\nT: v\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    ];

    const INVALID: [&str; 10] = [
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/3.0\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
    ];

    #[test]
    fn every_cut_in_two_gives_the_same() {
        for bytes in VALID.iter().chain(&INVALID) {
            let expected = whole(bytes);
            for at in 0..=bytes.len() {
                let (first, second) = bytes.as_bytes().split_at(at);
                let outcome = feed(&[first, second], Limits::default());
                assert_eq!(outcome, expected, "{:?} cut at {at}", bytes);
            }
        }
    }

    #[test]
    fn single_bytes_give_the_same() {
        for bytes in VALID.iter().chain(&INVALID) {
            let single: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
            assert_eq!(feed(&single, Limits::default()), whole(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn the_valid_are_accepted_and_the_invalid_refused() {
        for bytes in VALID {
            let outcome = whole(bytes);
            assert!(outcome.complete && outcome.refusal.is_none(), "{bytes:?}: {outcome:?}");
        }
        for bytes in INVALID {
            assert!(whole(bytes).refusal.is_some(), "{bytes:?}");
        }
    }

    #[test]
    fn random_bytes_never_panic() {
        // A fixed sequence (xorshift), so that a failure repeats.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..20_000 {
            let mut bytes = VALID[next() as usize % VALID.len()].as_bytes().to_vec();
            for _ in 0..=next() % 3 {
                let at = next() as usize % bytes.len();
                bytes[at] = next() as u8;
            }
            let expected = feed(&[&bytes], Limits::default());
            let (first, second) = bytes.split_at(next() as usize % bytes.len());
            let cut = feed(&[first, second], Limits::default());
            assert_eq!(cut.requests, expected.requests, "{}", bytes.escape_ascii());
        }
    }
}
