//! Clients that mean harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mainspring_web::{App, Body, HttpServer, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{BOUND, Client, get, serve, start};

/// A connection that sends frames as it likes.
struct Raw {
    stream: TcpStream,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// `:method: GET`, `:scheme: http`, `:path: /`, `:authority: a`, by the static table of HPACK.
const HEAD: &[u8] = &[0x82, 0x86, 0x84, 0x41, 0x01, b'a'];

impl Raw {
    async fn connect(address: std::net::SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("it accepts");
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("it reads");
        let mut raw = Self { stream };
        raw.send(&frame(SETTINGS, 0, 0, &[])).await;
        raw
    }

    /// A server that has had enough may have hung up: that is no failure here.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Reads until the connection ends; the error code of a GOAWAY, if one came.
    async fn ended(mut self) -> Option<u32> {
        let mut bytes = Vec::new();
        let reading = self.stream.read_to_end(&mut bytes);
        let _reset = timeout(BOUND, reading).await.expect("the server ends the connection");
        let mut rest = bytes.as_slice();
        let mut code = None;
        while let Some((header, after)) = rest.split_first_chunk::<9>() {
            let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
            let payload = after.get(..length)?;
            if header[3] == GOAWAY {
                code = payload.get(4..8).map(|code| u32::from_be_bytes([code[0], code[1], code[2], code[3]]));
            }
            rest = after.get(length..)?;
        }
        code
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const ENHANCE_YOUR_CALM: u32 = 11;

fn cat() -> App {
    App::new()
        .get("/", || async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            "Meow."
        })
        .get("/quick", || async { "Meow." })
        .post("/", |body: Body| async { body })
}

/// The others must not notice.
async fn still_serves(address: std::net::SocketAddr) {
    let mut client = Client::connect(address).await;
    let answer = timeout(BOUND, client.ask(get("/quick"))).await.expect("in time");
    assert_eq!(answer.text(), "Meow.");
}

#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let (running, address) = start(cat()).await;
    let mut raw = Raw::connect(address).await;
    let mut batch = Vec::new();
    for stream in (1..20_000).step_by(2) {
        batch.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD));
        batch.extend(frame(RESET, 0, stream, &8_u32.to_be_bytes()));
    }
    raw.send(&batch).await;
    let code = raw.ended().await;
    assert!(code.is_none_or(|code| code == ENHANCE_YOUR_CALM), "{code:?}");
    still_serves(address).await;
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn endless_header_blocks_end_the_connection() {
    let (running, address) = start(cat()).await;
    let mut raw = Raw::connect(address).await;
    raw.send(&frame(HEADERS, END_STREAM, 1, HEAD)).await;
    // A literal field without indexing, again and again.
    let field = [&[0x00, 0x01, b'x', 0x7f, 0x81, 0x07], [b'y'; 256].as_slice()].concat();
    for _ in 0..100_000 {
        if !raw.send(&frame(CONTINUATION, 0, 1, &field)).await {
            break;
        }
    }
    raw.ended().await;
    still_serves(address).await;
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn floods_of_pings_and_settings_do_not_pile_up() {
    let (running, address) = start(cat()).await;
    for flood in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        let mut raw = Raw::connect(address).await;
        let batch = flood.repeat(1000);
        // It reads no answer: what the server keeps for it must stay bounded, so it must stop reading.
        let flooding = async {
            for _ in 0..2_000 {
                if !raw.send(&batch).await {
                    break;
                }
            }
        };
        let _blocked = timeout(Duration::from_secs(2), flooding).await;
        assert!(resident() < 512 * 1024 * 1024, "{} bytes", resident());
        still_serves(address).await;
    }
    running.stop().await.expect("it stops in order");
}

/// All on one thread: what a flood does to others shows in the order of events.
#[tokio::test]
async fn others_are_answered_while_a_flood_is_read() {
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let app = cat().get("/end", move || {
        ended.store(true, Ordering::SeqCst);
        std::future::ready("the flood is over")
    });
    let (running, address) = start(app).await;
    let mut other = Client::connect(address).await;
    assert_eq!(other.ask(get("/quick")).await.text(), "Meow.");
    let mut raw = Raw::connect(address).await;
    let mut settled = [0; 9];
    raw.stream.read_exact(&mut settled).await.expect("the server says its settings");
    // Frames of a kind that nobody knows are passed over; the request behind them tells of the end.
    let mut flood = frame(0xfe, 0, 0, &[]).repeat(512 * 1024 / 9);
    let end = [0x82, 0x86, 0x44, 0x04, b'/', b'e', b'n', b'd', 0x41, 0x01, b'a'];
    flood.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &end));
    // Without an await, so that all of it is there before the server's next turn.
    let mut sent = 0;
    while sent < flood.len() {
        sent += raw.stream.try_write(&flood[sent..]).expect("the system's buffers take it");
    }
    let mut answered = 0;
    while !over.load(Ordering::SeqCst) {
        let answer = timeout(BOUND, other.ask(get("/quick"))).await.expect("in time");
        assert_eq!(answer.text(), "Meow.");
        answered += 1;
    }
    // Twice would be luck: the flood is read in 16 turns, a request takes two.
    assert!(answered >= 4, "others were answered {answered} times");
    drop(raw);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn empty_data_frames_do_not_hold_a_handler_for_ever() {
    let timeouts = Timeouts { body: Duration::from_millis(200), ..Timeouts::default() };
    let app = App::new().post("/", |body: bytes::Bytes| async move { body });
    let (running, address) =
        serve(HttpServer::bind("127.0.0.1:0", app.get("/quick", || async { "Meow." })).timeouts(timeouts))
            .await;
    let mut raw = Raw::connect(address).await;
    let head: &[u8] = &[0x83, 0x86, 0x84, 0x41, 0x01, b'a'];
    raw.send(&frame(HEADERS, END_HEADERS, 1, head)).await;
    let flooding = async {
        while raw.send(&frame(DATA, 0, 1, &[]).repeat(100)).await {
            tokio::task::yield_now().await;
        }
    };
    timeout(BOUND, flooding).await.expect("the server ends it");
    still_serves(address).await;
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn resets_provoked_from_the_server_are_bounded() {
    let (running, address) = start(cat()).await;
    let mut raw = Raw::connect(address).await;
    let mut batch = Vec::new();
    for stream in (1..4_000).step_by(2) {
        batch.extend(frame(HEADERS, END_HEADERS, stream, HEAD));
        // A window update of zero is an error of the stream: the server must reset it.
        batch.extend(frame(8, 0, stream, &[0; 4]));
    }
    raw.send(&batch).await;
    raw.ended().await;
    still_serves(address).await;
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused() {
    let (running, address) = start(cat()).await;
    let mut raw = Raw::connect(address).await;
    let mut batch = Vec::new();
    for stream in (1..600).step_by(2) {
        batch.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD));
    }
    raw.send(&batch).await;
    still_serves(address).await;
    let tasks = mainspring_task::all_tasks().iter().filter(|task| &*task.name() == "http2 stream").count();
    assert!(tasks <= 130, "{tasks} handlers at once");
    drop(raw);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn garbage_after_the_preface_ends_the_connection() {
    let (running, address) = start(cat()).await;
    let mut raw = Raw::connect(address).await;
    raw.send(&[0xff; 10_000]).await;
    raw.ended().await;
    still_serves(address).await;
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn a_client_that_says_nothing_after_the_preface_is_cut() {
    let timeouts = Timeouts { idle: Duration::from_millis(300), ..Timeouts::default() };
    let (running, address) = serve(HttpServer::bind("127.0.0.1:0", cat()).timeouts(timeouts)).await;
    let raw = Raw::connect(address).await;
    raw.ended().await;
    running.stop().await.expect("it stops in order");
}

/// Bytes of memory of this process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
