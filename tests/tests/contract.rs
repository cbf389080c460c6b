//! What the demo promises, one promise a test.

use std::net::TcpListener;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainspring_tests::{Demo, PATIENCE, Process, demo, eventually, own_address, request};
use serde_json::Value;

const SOON: SignedDuration = SignedDuration::from_secs(30);

fn post(path: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn number(line: &str) -> u32 {
    let number = line.strip_prefix("Dollar rate is ").and_then(|rest| rest.strip_suffix(". \n"));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no rate: {line:?}"))
}

#[test]
fn tcp_tells_one_line_and_closes() {
    let line = Demo::start().rate_line();
    assert_eq!(line, format!("Dollar rate is {}. \n", number(&line)));
}

#[test]
fn the_rate_changes_as_often_as_asked_for() {
    let demo = Demo::start_with(|command| {
        command.args(["--refresh", "0.05"]);
    });
    let first = demo.rate_line();
    eventually("another rate", || (demo.rate_line() != first).then_some(()));
}

#[test]
fn the_rate_stays_between_refreshes() {
    let demo = Demo::start_with(|command| {
        command.args(["--refresh", "3600"]);
    });
    let first = demo.rate_line();
    for _ in 0..20 {
        assert_eq!(demo.rate_line(), first);
    }
}

#[test]
fn http_and_tcp_tell_the_same_rate() {
    let demo = Demo::start_with(|command| {
        command.args(["--refresh", "3600"]);
    });
    let page: Value = serde_json::from_str(demo.get("/rate").text()).unwrap();
    assert_eq!(page["rate"], number(&demo.rate_line()));
}

#[test]
fn the_front_page_meows() {
    let answer = Demo::start().get("/");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), "Meow.");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("content-length"), Some("5"));
}

#[test]
fn an_answer_is_dated() {
    let answer = Demo::start().get("/");
    let date = answer.header("date").unwrap();
    assert!(date.ends_with(" GMT"), "{date}");
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).unwrap();
    assert!(Timestamp::now().duration_since(date).abs() < SOON, "{date}");
}

#[test]
fn hello_takes_the_name_from_the_path() {
    assert_eq!(Demo::start().get("/hello/Ada").text(), "Hello, Ada");
}

#[test]
fn hello_decodes_a_percent_encoded_name() {
    assert_eq!(Demo::start().get("/hello/Ada%20Lovelace%2FKing").text(), "Hello, Ada Lovelace/King");
}

#[test]
fn hello_takes_a_name_in_utf8() {
    let answer = Demo::start().get("/hello/%D0%9C%D0%B8%D1%88%D0%B0");
    assert_eq!(answer.text(), "Hello, Миша");
    assert_eq!(answer.header("content-length"), Some("15"));
}

#[test]
fn a_name_that_is_no_utf8_is_a_bad_request() {
    assert_eq!(Demo::start().get("/hello/%FF").status, 400);
}

#[test]
fn the_rate_page_is_json_with_a_date() {
    let answer = Demo::start().get("/rate");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let page: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(page["rate"].is_u64(), "{page}");
    let updated: Timestamp = page["updated_at"].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().duration_since(updated).abs() < SOON, "{updated}");
    assert_eq!(page.as_object().unwrap().len(), 2, "{page}");
}

#[test]
fn echo_gives_back_the_json_it_is_sent() {
    let document = r#"{"tick":1,"list":[true,null,1.5],"name":"Миша \"M\""}"#;
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(post("/echo", "application/json", document));
    let answer = connection.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let (sent, got): (Value, Value) =
        (serde_json::from_str(document).unwrap(), serde_json::from_slice(&answer.body).unwrap());
    assert_eq!(got, sent);
}

#[test]
fn echo_takes_a_chunked_body() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n");
    connection.send("Transfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n");
    connection.send("2;note=x\r\n,3\r\n1\r\n]\r\n0\r\n\r\n");
    assert_eq!(connection.answer().text(), "[1,2,3]");
}

#[test]
fn echo_calls_for_a_body_that_waits_to_be_wanted() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n");
    connection.send("Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(connection.head().status, 100);
    connection.send("[1]");
    assert_eq!(connection.answer().text(), "[1]");
}

#[test]
fn echo_refuses_bad_json_and_says_where() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(post("/echo", "application/json", "{\"tick\": 1,,}"));
    let answer = connection.answer();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("line 1 column 12"), "{}", answer.text());
}

#[test]
fn a_connection_goes_on_after_bad_json() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(post("/echo", "application/json", "{"));
    assert_eq!(connection.answer().status, 400);
    connection.send(request("GET", "/"));
    assert_eq!(connection.answer().text(), "Meow.");
}

#[test]
fn echo_refuses_another_content_type() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(post("/echo", "text/plain", "{}"));
    let answer = connection.answer();
    assert_eq!(answer.status, 415);
    assert!(answer.text().contains("text/plain"), "{}", answer.text());
}

#[test]
fn even_users_exist() {
    assert_eq!(Demo::start().get("/users/2").status, 200);
}

#[test]
fn odd_users_do_not_exist() {
    assert_eq!(Demo::start().get("/users/3").status, 404);
}

#[test]
fn a_user_that_is_no_number_is_a_bad_request() {
    let answer = Demo::start().get("/users/two");
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("id"), "the message names the parameter: {}", answer.text());
}

/// Asks with HEAD and then GET on one connection, so that a body of the first would spoil the second.
fn head(path: &str, status: u16) {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(request("HEAD", path));
    let head = connection.head();
    connection.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
    let get = connection.answer();
    assert_eq!((head.status, get.status), (status, status));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(connection.rest(), b"");
}

#[test]
fn head_of_an_even_user_has_no_body() {
    head("/users/2", 200);
}

#[test]
fn head_of_an_odd_user_has_no_body() {
    head("/users/3", 404);
}

#[test]
fn head_of_a_page_tells_its_length_without_sending_it() {
    head("/", 200);
}

#[test]
fn sleep_answers_after_its_time() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(request("GET", "/sleep/50"));
    assert_eq!(connection.answer().text(), "slept 50 ms");
}

#[test]
fn a_sleeping_request_holds_up_nobody() {
    let demo = Demo::start();
    let mut sleeping = demo.connect();
    sleeping.send(request("GET", "/sleep/3600000"));
    for _ in 0..20 {
        assert_eq!(demo.get("/").text(), "Meow.");
    }
}

#[test]
fn an_unknown_path_is_not_found() {
    assert_eq!(Demo::start().get("/nowhere").status, 404);
}

#[test]
fn another_method_is_told_what_is_allowed() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    let answer = connection.answer();
    assert_eq!(answer.status, 405);
    let allow = answer.header("allow").unwrap();
    let allowed: Vec<_> = allow.split(',').map(str::trim).collect();
    assert!(allowed.contains(&"GET") && allowed.contains(&"HEAD"), "{allow}");
    assert!(!allowed.contains(&"POST"), "{allow}");
}

#[test]
fn a_connection_is_kept_until_asked_to_close() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    for _ in 0..3 {
        connection.send(request("GET", "/"));
        assert_eq!(connection.answer().text(), "Meow.");
    }
    connection.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert_eq!(connection.answer().header("connection"), Some("close"));
    assert_eq!(connection.rest(), b"");
}

#[test]
fn http_1_0_is_closed_after_the_answer() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    connection.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(connection.answer().text(), "Meow.");
    assert_eq!(connection.rest(), b"");
}

#[test]
fn a_datagram_is_logged_with_its_sender() {
    let demo = Demo::start();
    let socket = demo.udp_socket();
    socket.send(b"tick\n").unwrap();
    let sender = socket.local_addr().unwrap();
    let line = demo.errors().expect(&format!("{sender} -> "));
    assert!(line.ends_with(&format!(" {sender} -> tick")), "{line}");
}

#[test]
fn a_datagram_cannot_forge_a_line_of_the_log() {
    let demo = Demo::start();
    let socket = demo.udp_socket();
    socket.send(b"a\nforged\x1b[2J").unwrap();
    socket.send(b"end").unwrap();
    demo.errors().expect("-> end");
    let lines = demo.errors().so_far();
    assert!(!lines.iter().any(|line| line.starts_with("forged")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains('\x1b')), "{lines:?}");
}

#[test]
fn the_banner_names_each_address_and_how_to_stop() {
    let demo = Demo::start();
    let lines = demo.errors().so_far();
    for (service, address) in [("tcp", demo.tcp), ("http", demo.http), ("udp", demo.udp)] {
        let line = lines.iter().find(|line| line.contains(&format!("{service}://{address}")));
        assert!(line.is_some_and(|line| line.contains("listening")), "{service}: {lines:?}");
    }
    let running = demo.errors().expect("running");
    assert!(running.contains("Ctrl-C") && running.contains("SIGTERM"), "{running}");
}

#[test]
fn the_log_has_no_colors_when_it_is_no_terminal() {
    let lines = Demo::start().errors().so_far();
    assert!(!lines.iter().any(|line| line.contains('\x1b')), "{lines:?}");
}

#[test]
fn flags_set_the_addresses() {
    let (tcp, http, udp) = (own_address(), own_address(), own_address());
    let mut command = demo();
    command.args(["--tcp", &tcp.to_string(), "--http", &http.to_string(), "--udp", &udp.to_string()]);
    let demo = Demo::run(command);
    assert_eq!((demo.tcp, demo.http, demo.udp), (tcp, http, udp));
    assert_eq!(demo.get("/").text(), "Meow.");
}

#[test]
fn the_environment_sets_the_addresses() {
    let (tcp, http, udp) = (own_address(), own_address(), own_address());
    let mut command = demo();
    let names = ["DEMO_TCP", "DEMO_HTTP", "DEMO_UDP"];
    command.envs(names.into_iter().zip([tcp, http, udp].map(|address| address.to_string())));
    let demo = Demo::run(command);
    assert_eq!((demo.tcp, demo.http, demo.udp), (tcp, http, udp));
    assert_eq!(demo.get("/").text(), "Meow.");
}

#[test]
fn a_flag_goes_before_the_environment() {
    let address = own_address();
    let demo = Demo::start_with(|command| {
        // The flags take free ports; the environment names one that is not an address.
        command.env("DEMO_HTTP", address.to_string());
    });
    assert_ne!(demo.http, address);
}

#[test]
fn the_environment_sets_the_refresh() {
    let demo = Demo::start_with(|command| {
        command.env("DEMO_REFRESH", "0.05");
    });
    let first = demo.rate_line();
    eventually("another rate", || (demo.rate_line() != first).then_some(()));
}

/// Starts the demo with a bad setting; gives its exit code and what it said.
fn refused(change: impl FnOnce(&mut std::process::Command)) -> (Option<i32>, String) {
    let mut command = demo();
    change(&mut command);
    let mut process = Process::start(command);
    let code = process.wait(PATIENCE).code();
    (code, process.errors().all())
}

#[test]
fn a_refresh_that_is_no_number_is_refused() {
    let (code, said) = refused(|command| {
        command.args(["--refresh", "soon"]);
    });
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("--refresh") && said.contains("soon") && said.contains("number of seconds"),
        "{said}"
    );
}

#[test]
fn a_refresh_of_zero_is_refused() {
    let (code, said) = refused(|command| {
        command.args(["--refresh", "0"]);
    });
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--refresh") && said.contains("greater than 0"), "{said}");
}

#[test]
fn a_bad_refresh_of_the_environment_is_refused() {
    let (code, said) = refused(|command| {
        command.env("DEMO_REFRESH", "-1");
    });
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("-1"), "{said}");
}

#[test]
fn a_bad_log_filter_is_refused() {
    let (code, said) = refused(|command| {
        command.env("RUST_LOG", "demo=loud");
    });
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("demo=loud"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn an_address_that_is_none_is_named() {
    let (code, said) = refused(|command| {
        command.args(["--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http", "nowhere"]);
    });
    assert_eq!(code, Some(1), "{said}");
    let why: Vec<_> = said.lines().filter(|line| line.contains("nowhere")).collect();
    assert!(why.len() == 1 && why[0].contains("`http`"), "{said}");
}

#[test]
fn help_goes_to_standard_output() {
    let mut command = demo();
    command.arg("--help");
    let mut process = Process::start(command);
    assert!(process.wait(PATIENCE).success());
    let help = process.output().all();
    for word in ["--tcp", "--http", "--udp", "--refresh", "DEMO_REFRESH", "127.0.0.1:8080"] {
        assert!(help.contains(word), "`{word}` is not in\n{help}");
    }
}

#[test]
fn a_port_that_is_taken_ends_the_process_and_frees_the_others() {
    let (tcp, udp) = (own_address(), own_address());
    let owner = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = owner.local_addr().unwrap().to_string();
    let mut command = demo();
    command.args(["--tcp", &tcp.to_string(), "--udp", &udp.to_string(), "--http", &taken]);
    let mut process = Process::start(command);
    let status = process.wait(Duration::from_secs(5));
    let said = process.errors().all();
    assert_eq!(status.code(), Some(1), "{said}");
    let why: Vec<_> = said.lines().filter(|line| line.contains(&taken)).collect();
    assert_eq!(why.len(), 1, "one line says why:\n{said}");
    assert!(why[0].contains("`http`") && why[0].contains("ERROR"), "{said}");
    assert!(!said.contains("running"), "{said}");
    TcpListener::bind(tcp).unwrap();
    std::net::UdpSocket::bind(udp).unwrap();
}
