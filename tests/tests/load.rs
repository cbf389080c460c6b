//! Many requests: each gets its own answer.

use std::thread;

use mainspring_tests::{Connection, Demo, request};

const REQUESTS: usize = 10_000;

fn hello(number: usize) -> String {
    request("GET", &format!("/hello/{number}"))
}

#[track_caller]
fn check(connection: &mut Connection, number: usize) {
    let answer = connection.answer();
    assert_eq!((answer.status, answer.text()), (200, &*format!("Hello, {number}")));
}

#[test]
fn ten_thousand_requests_over_fifty_connections() {
    const CONNECTIONS: usize = 50;
    let demo = Demo::start();
    let connections = (0..CONNECTIONS).map(|_| demo.connect());
    thread::scope(|scope| {
        for (first, mut connection) in connections.enumerate() {
            scope.spawn(move || {
                for number in (first..REQUESTS).step_by(CONNECTIONS) {
                    connection.send(hello(number));
                    check(&mut connection, number);
                }
            });
        }
    });
}

#[test]
fn ten_thousand_requests_sixteen_at_a_time() {
    const DEPTH: usize = 16;
    let demo = Demo::start();
    let mut connection = demo.connect();
    for first in (0..REQUESTS).step_by(DEPTH) {
        connection.send((first..first + DEPTH).map(hello).collect::<String>());
        for number in first..first + DEPTH {
            check(&mut connection, number);
        }
    }
}

#[test]
fn ten_thousand_requests_before_the_first_answer_is_read() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    let requests: String = (0..REQUESTS).map(hello).collect();
    thread::scope(|scope| {
        let mut writing = connection.writer();
        scope.spawn(move || writing.send(requests));
        for number in 0..REQUESTS {
            check(&mut connection, number);
        }
    });
}

#[test]
fn nine_hundred_connections_at_once() {
    let demo = Demo::start();
    // Each takes a descriptor here and there; the usual limit is 1,024.
    let mut connections: Vec<_> = (0..900).map(|_| demo.connect()).collect();
    for (number, connection) in connections.iter_mut().enumerate() {
        connection.send(hello(number));
    }
    for (number, connection) in connections.iter_mut().enumerate() {
        check(connection, number);
    }
}

#[test]
fn a_thousand_tcp_clients_are_told() {
    let demo = Demo::start();
    for _ in 0..1_000 {
        assert!(demo.rate_line().starts_with("Dollar rate is "));
    }
}

#[test]
fn answers_with_and_without_bodies_keep_their_order() {
    let demo = Demo::start();
    let mut connection = demo.connect();
    let echo =
        "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]";
    let round =
        [&request("HEAD", "/"), &request("GET", "/users/3"), echo, &request("GET", "/sleep/1")].concat();
    for _ in 0..50 {
        connection.send(&round);
        assert_eq!(connection.head().header("content-length"), Some("5"));
        assert_eq!(connection.answer().status, 404);
        assert_eq!(connection.answer().text(), "[1]");
        assert_eq!(connection.answer().text(), "slept 1 ms");
    }
}
