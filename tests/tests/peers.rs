//! Programs that others have written talk to the demo. A program that is not installed is skipped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Stdio};

use mainspring_tests::{Demo, is_installed};

/// Runs a program to its end, and gives what it has written to standard output.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs curl against the demo; `None` when there is no curl. `URL` in an argument is the demo's.
#[track_caller]
fn curl(arguments: &[&str]) -> Option<String> {
    if !is_installed("curl", "--version") {
        return None;
    }
    let demo = Demo::start();
    let url = format!("http://{}", demo.http);
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("URL", &url)).collect();
    let bounds = ["--silent", "--show-error", "--max-time", "20", "--noproxy", "*"];
    let all: Vec<_> = bounds.into_iter().chain(arguments.iter().map(String::as_str)).collect();
    Some(run("curl", &all))
}

#[test]
fn curl_gets_a_page() {
    let Some(said) = curl(&["URL/"]) else { return };
    assert_eq!(said, "Meow.");
}

#[test]
fn curl_sees_the_head() {
    let Some(said) = curl(&["--head", "URL/users/2"]) else { return };
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
}

#[test]
fn curl_uses_a_connection_again() {
    let connects = ["--write-out", " %{num_connects}\n"];
    let Some(said) = curl(&[&connects[..], &["URL/hello/1", "URL/hello/2"]].concat()) else { return };
    assert_eq!(said, "Hello, 1 1\nHello, 2 0\n");
}

#[test]
fn curl_posts_json() {
    let post = ["--header", "Content-Type: application/json", "--data", "{\"tick\":1}", "URL/echo"];
    let Some(said) = curl(&post) else { return };
    assert_eq!(said, "{\"tick\":1}");
}

#[test]
fn curl_posts_chunks() {
    let headers = ["--header", "Content-Type: application/json", "--header", "Transfer-Encoding: chunked"];
    let Some(said) = curl(&[&headers[..], &["--data", "[1,2,3]", "URL/echo"]].concat()) else { return };
    assert_eq!(said, "[1,2,3]");
}

#[test]
fn curl_waits_to_be_asked_for_a_body() {
    let headers = ["--header", "Content-Type: application/json", "--header", "Expect: 100-continue"];
    let bound = ["--expect100-timeout", "20", "--data", "[1]", "URL/echo"];
    let Some(said) = curl(&[&headers[..], &bound].concat()) else { return };
    assert_eq!(said, "[1]");
}

#[test]
fn curl_speaks_http_1_0() {
    let Some(said) = curl(&["--http1.0", "--include", "URL/"]) else { return };
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("\r\n\r\nMeow."), "{said}");
}

#[test]
fn curl_does_not_get_http_2_it_asks_for_in_the_clear() {
    let Some(said) = curl(&["--http2", "--write-out", " %{http_version}", "URL/"]) else { return };
    assert_eq!(said, "Meow. 1.1");
}

/// Several requests over one connection of the standard library.
const HTTP_CLIENT: &str = r#"
import http.client, json, sys
host, port = sys.argv[1].split(":")
connection = http.client.HTTPConnection(host, int(port), timeout=20)

def ask(method, path, **more):
    connection.request(method, path, **more)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer

assert ask("GET", "/")[:2] == (200, b"Meow.")
socket = connection.sock
assert ask("GET", "/hello/%D0%9C")[1].decode() == "Hello, \u041c"
status, body, answer = ask("HEAD", "/")
assert (status, body, answer.getheader("Content-Length")) == (200, b"", "5")
assert ask("HEAD", "/users/3")[:2] == (404, b"")
assert ask("GET", "/nowhere")[0] == 404
typed = {"Content-Type": "application/json"}
document = {"tick": [1, 2.5, None, "\u041c"]}
assert json.loads(ask("POST", "/echo", body=json.dumps(document), headers=typed)[1]) == document
chunks = (part for part in (b"[1", b",2", b"]"))
assert ask("POST", "/echo", body=chunks, headers=typed, encode_chunked=True)[1] == b"[1,2]"
assert ask("POST", "/echo", body=b"{", headers=typed)[0] == 400
assert ask("DELETE", "/")[0] == 405
assert "rate" in json.loads(ask("GET", "/rate")[1])
assert connection.sock is socket, "the connection was not kept"
print("done")
"#;

#[test]
fn python_http_client() {
    if is_installed("python3", "--version") {
        let demo = Demo::start();
        assert_eq!(run("python3", &["-c", HTTP_CLIENT, &demo.http.to_string()]), "done\n");
    }
}

#[test]
fn netcat_reads_the_rate() {
    if is_installed("nc", "-h") {
        let demo = Demo::start();
        let (host, port) = (demo.tcp.ip().to_string(), demo.tcp.port().to_string());
        let said = run("nc", &["-w", "20", &host, &port]);
        assert!(said.starts_with("Dollar rate is ") && said.ends_with(". \n"), "{said:?}");
    }
}

/// As a person at netcat or telnet does, a key at a time.
#[test]
fn a_request_that_comes_byte_by_byte() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    for byte in "GET /hello/Ada HTTP/1.1\r\nHost: test\r\n\r\n".bytes() {
        connection.send([byte]);
    }
    assert_eq!(connection.answer().text(), "Hello, Ada");
}

/// A client that neither says a word nor waits for one.
#[test]
fn clients_that_come_and_go() {
    let demo = Demo::start();
    for _ in 0..200 {
        drop(demo.connect());
    }
    assert_eq!(demo.get("/").text(), "Meow.");
}
