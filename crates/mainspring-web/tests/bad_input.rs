//! Bad input on a real socket: each case is answered or closed, and the server goes on serving others.

use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::{App, HttpServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(20);

async fn server() -> (Running, SocketAddr) {
    let app = App::new().get("/", || async { "Meow." }).post("/echo", |body: String| async { body });
    let running = Entrypoint::new("test").service(HttpServer::bind("127.0.0.1:0", app)).start().await;
    let running = running.expect("the server starts");
    let address = running.address("http").expect("the server listens");
    (running, address)
}

/// Sends the bytes, says that no more will come, and gives the whole answer.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.write_all(bytes).await.expect("the server reads");
    stream.shutdown().await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer is not cut off by a reset");
    String::from_utf8(answer).expect("the answer is text")
}

/// Sends bad bytes while another connection is open, and checks the status and that both others are served.
async fn bad(bytes: impl AsRef<[u8]>, statuses: &[u16]) {
    let check = async {
        let (running, address) = server().await;
        let mut other = TcpStream::connect(address).await.expect("the server accepts");
        let answer = exchange(address, bytes.as_ref()).await;
        let status: u16 = answer.get(9..12).and_then(|text| text.parse().ok()).unwrap_or_default();
        assert!(statuses.contains(&status), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");

        other.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("it lives");
        let mut text = String::new();
        other.read_to_string(&mut text).await.expect("it is answered");
        assert!(text.ends_with("Meow."), "{text}");
        assert!(exchange(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.ends_with("Meow."));
        drop(other);
        running.stop().await.expect("the server stops");
    };
    timeout(BOUND, check).await.expect("it does not hang");
}

fn post(lines: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: a\r\n{lines}\r\n{body}")
}

#[tokio::test]
async fn a_request_line_of_100_kilobytes() {
    bad(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(100_000)), &[414]).await;
}

#[tokio::test]
async fn headers_of_100_kilobytes() {
    bad(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(100_000)), &[431]).await;
}

#[tokio::test]
async fn a_header_without_colon() {
    bad(post("nonsense\r\n", ""), &[400]).await;
}

#[tokio::test]
async fn two_different_lengths() {
    bad(post("Content-Length: 4\r\nContent-Length: 5\r\n", "Meow"), &[400]).await;
}

#[tokio::test]
async fn a_length_with_a_transfer_coding() {
    bad(post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), &[400]).await;
}

#[tokio::test]
async fn a_length_with_a_sign() {
    bad(post("Content-Length: +5\r\n", "Meow."), &[400]).await;
}

#[tokio::test]
async fn a_length_that_is_a_list() {
    bad(post("Content-Length: 5, 5\r\n", "Meow."), &[400]).await;
}

#[tokio::test]
async fn a_chunk_size_that_overflows() {
    bad(post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nMeow\r\n0\r\n\r\n"), &[400]).await;
}

#[tokio::test]
async fn a_bare_line_feed() {
    bad("GET / HTTP/1.1\nHost: a\n\n", &[400]).await;
}

#[tokio::test]
async fn a_nul_in_a_header() {
    bad(post("X: a\0b\r\n", ""), &[400]).await;
}

#[tokio::test]
async fn a_body_shorter_than_announced() {
    bad(post("Content-Length: 100\r\n", "Meow"), &[400]).await;
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_refused_and_the_answer_can_be_read() {
    bad(post("Content-Length: 3000000\r\n", &"x".repeat(900_000)), &[413]).await;
}

#[tokio::test]
async fn binary_noise() {
    bad([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0xff, 0xfe], &[400]).await;
}
