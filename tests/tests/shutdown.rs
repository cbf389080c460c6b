//! How the demo ends: what it still answers, how soon it is gone, with which exit code.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use mainspring_tests::{Connection, Demo, PATIENCE, eventually, request};

/// What a process with nothing to do may take to end.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What work under way has at shutdown, unless told otherwise.
const GRACE: Duration = Duration::from_secs(10);

/// What is left to do when it is over.
const CUT_OFF: Duration = Duration::from_secs(1);

/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(2);

/// Sends a request that takes a while, and returns when the server is at work on it.
///
/// Its answer to another request, sent in one piece with this one, shows that it has read both.
#[track_caller]
fn under_way(demo: &Demo, milliseconds: u32) -> Connection {
    let mut connection = demo.connect();
    connection.send(request("GET", "/") + &request("GET", &format!("/sleep/{milliseconds}")));
    assert_eq!(connection.answer().text(), "Meow.", "an answer that is ready does not wait for the next");
    connection
}

#[test]
fn sigterm_ends_an_idle_process_at_once() {
    let mut demo = Demo::start();
    demo.signal("TERM");
    assert_eq!(demo.wait(AT_ONCE).code(), Some(0));
}

#[test]
fn sigint_ends_an_idle_process_at_once() {
    let mut demo = Demo::start();
    demo.signal("INT");
    assert_eq!(demo.wait(AT_ONCE).code(), Some(0));
}

#[test]
fn idle_connections_hold_up_nothing() {
    let mut demo = Demo::start();
    let fresh = demo.connect();
    let mut kept = demo.connect();
    kept.send(request("GET", "/"));
    assert_eq!(kept.answer().text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(AT_ONCE).code(), Some(0));
    assert_eq!(kept.rest(), b"");
    drop(fresh);
}

/// It may never be whole, and no work has begun: the rest of it is not worth the whole grace.
#[test]
fn half_a_request_holds_up_little() {
    let mut demo = Demo::start();
    let mut connection = demo.connect();
    connection.send(request("GET", "/") + "GET / HTTP/1.1\r\nHos");
    assert_eq!(connection.answer().text(), "Meow.");
    demo.signal("TERM");
    assert_eq!(demo.wait(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn the_log_tells_of_the_end() {
    let mut demo = Demo::start();
    demo.signal("TERM");
    demo.wait(PATIENCE);
    let log = demo.errors().all();
    let last = log.lines().last().unwrap();
    assert!(log.contains("stopping") && log.contains("SIGTERM"), "{log}");
    assert!(last.contains("stopped"), "{log}");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[test]
fn the_ports_are_free_after_the_end() {
    let mut demo = Demo::start();
    let (tcp, http, udp) = (demo.tcp, demo.http, demo.udp);
    demo.signal("TERM");
    demo.wait(PATIENCE);
    TcpListener::bind(tcp).unwrap();
    TcpListener::bind(http).unwrap();
    std::net::UdpSocket::bind(udp).unwrap();
}

#[test]
fn a_request_under_way_is_answered() {
    let mut demo = Demo::start();
    let mut connection = under_way(&demo, 500);
    demo.signal("TERM");
    let answer = connection.answer();
    assert_eq!((answer.status, answer.text()), (200, "slept 500 ms"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(connection.rest(), b"");
    drop(connection);
    assert_eq!(demo.wait(AT_ONCE).code(), Some(0));
}

#[test]
fn a_hundred_requests_under_way_are_answered() {
    let mut demo = Demo::start();
    let mut connections: Vec<_> = (0..100).map(|_| under_way(&demo, 1000)).collect();
    demo.signal("TERM");
    for connection in &mut connections {
        assert_eq!(connection.answer().text(), "slept 1000 ms");
    }
    drop(connections);
    assert_eq!(demo.wait(AT_ONCE).code(), Some(0));
}

#[test]
fn a_handler_that_never_ends_is_cut_off_and_named() {
    let mut demo = Demo::start();
    let _connection = under_way(&demo, 600_000);
    demo.signal("TERM");
    #[expect(clippy::disallowed_methods, reason = "another process has no clock that could be paused")]
    let began = Instant::now();
    assert_eq!(demo.wait(GRACE + CUT_OFF + SLACK).code(), Some(70));
    let took = began.elapsed();
    assert!((GRACE..GRACE + CUT_OFF).contains(&took), "{took:?}");
    let log = demo.errors().all();
    let line = log.lines().find(|line| line.contains("work is cut off"));
    let line = line.unwrap_or_else(|| panic!("nobody is named:\n{log}"));
    assert!(line.contains("ERROR"), "{line}");
    for part in ["service=\"http\"", "task=http 127.0.0.1:", "place=demo/src/main.rs:", " age="] {
        assert!(line.contains(part), "no {part}: {line}");
    }
    let (_, awaits) = line.split_once("awaits=").unwrap_or_else(|| panic!("it is not said where: {line}"));
    assert!(awaits.contains("pages::sleep") && awaits.contains("demo/src/pages.rs:"), "{line}");
}

/// Opens a websocket, and returns when the first message is here.
#[track_caller]
fn websocket(demo: &Demo) -> Connection {
    let mut connection = demo.connect();
    connection.send(
        "GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(connection.head().status, 101);
    assert_eq!(frame(&mut connection).0, TEXT);
    connection
}

/// Reads a frame of the server, which are never masked and here never long: its opcode and payload.
#[track_caller]
fn frame(connection: &mut Connection) -> (u8, Vec<u8>) {
    let head = connection.bytes(2);
    let length = match head[1] {
        126 => usize::from(u16::from_be_bytes(connection.bytes(2).try_into().expect("it is two bytes"))),
        length => usize::from(length),
    };
    (head[0] & 0x0f, connection.bytes(length))
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
/// The server goes away (RFC 6455 §7.4.1).
const AWAY: u16 = 1001;

/// Opens a stream of events, and returns when it has begun.
#[track_caller]
fn events(demo: &Demo) -> Connection {
    let mut connection = demo.connect();
    connection.send(request("GET", "/events"));
    let head = connection.head();
    assert_eq!((head.status, head.header("transfer-encoding")), (200, Some("chunked")));
    let mut begun = Vec::new();
    while !begun.ends_with(b"\n\n\r\n") {
        begun.extend(connection.bytes(1));
    }
    connection
}

#[test]
fn websockets_are_closed_and_event_streams_ended_in_order() {
    let mut demo = Demo::start_with(|command| {
        command.args(["--refresh", "0.05"]);
    });
    let mut sockets: Vec<_> = (0..20).map(|_| websocket(&demo)).collect();
    let mut streams: Vec<_> = (0..20).map(|_| events(&demo)).collect();
    demo.signal("TERM");
    for stream in &mut streams {
        let rest = String::from_utf8(stream.rest()).unwrap();
        assert!(rest.ends_with("0\r\n\r\n"), "it broke off: {rest}");
    }
    for socket in &mut sockets {
        let (opcode, payload) = loop {
            let (opcode, payload) = frame(socket);
            if opcode != TEXT {
                break (opcode, payload);
            }
        };
        assert_eq!((opcode, payload.get(..2)), (CLOSE, Some(&AWAY.to_be_bytes()[..])));
        // Ours, masked with zeros.
        let [high, low] = AWAY.to_be_bytes();
        socket.send([0x80 | CLOSE, 0x80 | 2, 0, 0, 0, 0, high, low]);
        assert_eq!(socket.rest(), b"", "something comes behind the close");
    }
    drop((sockets, streams));
    assert_eq!(demo.wait(GRACE).code(), Some(0));
    let log = demo.errors().all();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[test]
fn no_connection_is_taken_while_requests_are_answered() {
    let mut demo = Demo::start();
    let mut connection = under_way(&demo, 1500);
    demo.signal("TERM");
    for address in [demo.http, demo.tcp] {
        eventually("the port is closed", || TcpStream::connect(address).is_err().then_some(()));
    }
    assert_eq!(connection.answer().text(), "slept 1500 ms");
    drop(connection);
    assert_eq!(demo.wait(AT_ONCE).code(), Some(0));
}

/// The server closes its half and, for a moment, reads on: a request on its way would else bring a
/// reset, which can cost the client the answer before it.
#[test]
fn a_client_that_does_not_close_its_half_holds_up_little() {
    let mut demo = Demo::start();
    let mut connection = under_way(&demo, 100);
    demo.signal("TERM");
    assert_eq!(connection.answer().text(), "slept 100 ms");
    assert_eq!(connection.rest(), b"");
    assert_eq!(demo.wait(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn a_second_sigterm_ends_a_process_at_work() {
    let mut demo = Demo::start();
    let _connection = under_way(&demo, 60_000);
    demo.signal("TERM");
    demo.errors().expect("stopping");
    demo.signal("TERM");
    assert_eq!(demo.wait(AT_ONCE).code(), Some(128 + 15));
    let log = demo.errors().all();
    assert!(log.contains("second SIGTERM"), "{log}");
}

#[test]
fn sigusr2_during_a_stop_starts_no_successor_and_cuts_nothing() {
    let mut demo = Demo::start();
    let mut connection = under_way(&demo, 1_000);
    demo.signal("TERM");
    demo.errors().expect("draining");
    demo.signal("USR2");
    demo.errors().expect("SIGUSR2 is ignored");
    assert_eq!(connection.answer().text(), "slept 1000 ms");
    assert_eq!(demo.wait(PATIENCE).code(), Some(0));
}

#[test]
fn a_second_sigint_ends_a_process_at_work() {
    let mut demo = Demo::start();
    let _connection = under_way(&demo, 60_000);
    demo.signal("INT");
    demo.errors().expect("stopping");
    demo.signal("INT");
    assert_eq!(demo.wait(AT_ONCE).code(), Some(128 + 2));
}
