//! Parts of files as answers, read where the system cannot send them.

use std::fs::File;
use std::io::Write;

use super::*;
use crate::Body;

/// An open file of 700,000 bytes without a name.
pub(super) fn file() -> File {
    let mut file = tempfile::tempfile().expect("there is room");
    file.write_all(&"0123456789".repeat(70_000).into_bytes()).expect("there is room");
    file
}

fn app() -> App {
    cat()
        .get("/file", || async { Body::file(file(), 0..700_000) })
        .get("/part", || async { Body::file(file(), 5..15) })
        .get("/none", || async { Body::file(file(), 5..5) })
        .get("/cut", || async { Body::file(file(), 0..700_001) })
}

#[tokio::test]
async fn a_file_is_sent_whole_and_the_connection_goes_on() {
    let mut peer = Peer::with_room(&app(), 10_000);
    peer.send(get("/file") + &get("/")).await;
    assert!(peer.answer().await.ends_with(&"0123456789".repeat(70_000)));
    assert!(peer.answer().await.ends_with("Meow."));
}

#[tokio::test]
async fn a_part_of_a_file_is_sent() {
    let mut peer = Peer::new(&app());
    peer.send(get("/part") + &get("/none") + &get("/")).await;
    assert!(peer.answer().await.ends_with("\r\n\r\n5678901234"));
    assert!(peer.answer().await.contains("content-length: 0\r\n"));
    assert!(peer.answer().await.ends_with("Meow."));
}

#[tokio::test]
async fn a_file_shorter_than_promised_ends_the_connection() {
    let mut peer = Peer::new(&app());
    peer.send(get("/cut") + &get("/")).await;
    let rest = peer.rest().await;
    assert!(rest.contains("content-length: 700001\r\n") && !rest.contains("Meow."));
}

#[tokio::test]
async fn head_of_a_file_reads_nothing_of_it() {
    let mut peer = Peer::new(&app());
    peer.send("HEAD /cut HTTP/1.1\r\nHost: a\r\n\r\n".to_owned() + &get("/")).await;
    peer.stream.shutdown().await.expect("the server reads");
    let rest = peer.rest().await;
    assert!(rest.contains("content-length: 700001\r\n") && rest.ends_with("Meow."), "{rest}");
}
