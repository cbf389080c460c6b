//! Connections that go on in another protocol.

use super::*;
use crate::Upgraded;

const ASKED: &str =
    "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n";

fn app() -> App {
    cat().get("/echo", || async {
        Response::upgrade("echo", async |connection: Upgraded| {
            let (mut reader, mut writer) = tokio::io::split(connection);
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        })
    })
}

async fn read(peer: &mut Peer, text: &str) {
    let mut bytes = vec![0; text.len()];
    peer.stream.read_exact(&mut bytes).await.expect("it comes back");
    assert_eq!(String::from_utf8_lossy(&bytes), text);
}

#[tokio::test(start_paused = true)]
async fn the_connection_is_handed_over_with_what_was_read() {
    let mut peer = Peer::new(&app());
    peer.send(ASKED.to_owned() + "first").await;
    let head = peer.answer().await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("\r\nconnection: upgrade\r\n") && head.contains("\r\nupgrade: echo\r\n"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
    read(&mut peer, "first").await;
    peer.send("second").await;
    read(&mut peer, "second").await;
    assert!(peer.ended().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_timeout_of_http_applies_any_more() {
    let mut peer = Peer::new(&app());
    peer.send(ASKED).await;
    peer.answer().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    peer.send("late").await;
    read(&mut peer, "late").await;
}

#[tokio::test(start_paused = true)]
async fn answers_before_it_go_out_first() {
    let mut peer = Peer::new(&app());
    peer.send(get("/") + ASKED).await;
    assert!(peer.answer().await.ends_with("Meow."));
    assert_eq!(status(&peer.answer().await), "101");
}

#[tokio::test(start_paused = true)]
async fn who_did_not_ask_for_it_gets_a_500() {
    for request in
        [get("/echo"), "GET /echo HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n".to_owned()]
    {
        assert_eq!(status(&ask(&app(), &request).await), "500", "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bare_101_is_a_500() {
    let app = App::new().get("/", || async { StatusCode::SWITCHING_PROTOCOLS });
    assert_eq!(status(&ask(&app, &get("/")).await), "500");
}

#[tokio::test(start_paused = true)]
async fn the_connection_ends_with_the_protocol() {
    let app = App::new().get("/echo", || async {
        Response::upgrade("bye", async |mut connection: Upgraded| {
            let _ = connection.write_all(b"bye").await;
        })
    });
    let mut peer = Peer::new(&app);
    peer.send(ASKED).await;
    peer.answer().await;
    assert_eq!(peer.rest().await, "bye");
    assert!(peer.task.await.expect("no panic").is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_protocol_is_told_of_the_stop() {
    let app = App::new().get("/echo", || async {
        Response::upgrade("farewell", async |mut connection: Upgraded| {
            connection.stopping().await;
            let _ = connection.write_all(b"farewell").await;
        })
    });
    let mut peer = Peer::new(&app);
    peer.send(ASKED).await;
    peer.answer().await;
    peer.stop.cancel();
    assert_eq!(peer.rest().await, "farewell");
}
