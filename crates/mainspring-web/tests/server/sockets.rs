//! What only a real socket shows: files sent by the system, resets, half-closed clients.

use std::fs::File;
use std::io::Write;

use bytes::Bytes;
use mainspring_task::Shared;
use mainspring_task::cancel::finally;
use mainspring_web::{App, Body, Error, Response, Upgraded};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::support::{ask, bounded, connect, start, until};

const SIZE: usize = 5_000_000;

/// An open file without a name whose bytes tell their place.
fn file() -> File {
    let mut file = tempfile::tempfile().expect("there is room");
    file.write_all(&content()).expect("there is room");
    file
}

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (at / 7 % 251) as u8).collect()
}

#[tokio::test]
async fn a_large_file_arrives_whole_at_a_slow_reader_and_the_connection_goes_on() {
    bounded(async {
        let app = App::new()
            .get("/", || async { "Meow." })
            .get("/file", || async { Body::file(file(), 0..SIZE as u64) });
        let (_running, address) = start(app).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/file").await;
        ask(&mut stream, "/").await;
        until(&mut stream, "\r\n\r\n").await;
        let (mut received, expected) = (vec![0; SIZE], content());
        for part in received.chunks_mut(300_000) {
            stream.read_exact(part).await.expect("it comes");
            tokio::task::yield_now().await;
        }
        assert!(received == expected);
        until(&mut stream, "Meow.").await;
    })
    .await;
}

#[tokio::test]
async fn a_part_of_a_file_begins_and_ends_where_it_shall() {
    bounded(async {
        let (_running, address) =
            start(App::new().get("/", || async { Body::file(file(), 1_000_000..1_000_010) })).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/").await;
        until(&mut stream, "\r\n\r\n").await;
        let mut part = [0; 10];
        stream.read_exact(&mut part).await.expect("it comes");
        assert_eq!(part, content()[1_000_000..1_000_010]);
    })
    .await;
}

#[tokio::test]
async fn a_file_cut_shorter_meanwhile_ends_the_connection() {
    bounded(async {
        let (_running, address) =
            start(App::new().get("/", || async { Body::file(file(), 0..SIZE as u64 + 1) })).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/").await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("it ends in order");
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("there is a head");
        assert_eq!(bytes.len() - head - 4, SIZE);
    })
    .await;
}

/// A route that tells when it begins and when it has cleaned up.
fn watched(events: mpsc::Sender<&'static str>) -> App {
    App::new().get("/", move || {
        let events = events.clone();
        async move {
            let _ = events.send("begun").await;
            finally(std::future::pending::<()>(), async move {
                let _ = events.send("cleaned").await;
            })
            .await;
        }
    })
}

#[tokio::test]
async fn a_reset_cancels_a_safe_handler() {
    bounded(async {
        let (sender, mut events) = mpsc::channel(2);
        let (_running, address) = start(watched(sender)).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/").await;
        assert_eq!(events.recv().await, Some("begun"));
        stream.set_zero_linger().expect("it is a socket");
        drop(stream);
        assert_eq!(events.recv().await, Some("cleaned"));
    })
    .await;
}

#[tokio::test]
async fn a_closed_client_cancels_a_safe_handler() {
    bounded(async {
        let (sender, mut events) = mpsc::channel(2);
        let (_running, address) = start(watched(sender)).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/").await;
        assert_eq!(events.recv().await, Some("begun"));
        drop(stream);
        assert_eq!(events.recv().await, Some("cleaned"));
    })
    .await;
}

#[tokio::test]
async fn a_half_closed_client_gets_the_answer_of_an_unsafe_handler() {
    bounded(async {
        let (sender, receiver) = mpsc::channel::<()>(1);
        let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
        let app = App::new().post("/", move |body: Bytes| {
            let receiver = receiver.clone();
            async move {
                receiver.lock().await.recv().await;
                body
            }
        });
        let (_running, address) = start(app).await;
        let mut stream = connect(address).await;
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nMeow.")
            .await
            .expect("the server reads");
        stream.shutdown().await.expect("the server reads");
        // The server has seen the end before the handler goes on, or sees it after: both must do.
        sender.send(()).await.expect("the handler waits");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it is answered");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("Meow."), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_reset_ends_a_stream() {
    struct Tells(mpsc::Sender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.try_send(());
        }
    }
    bounded(async {
        let (sender, mut dropped) = mpsc::channel(1);
        let app = App::new().get("/", move || {
            let tells = Tells(sender.clone());
            let silent = futures_util::stream::poll_fn(move |_| {
                let _held = &tells;
                std::task::Poll::<Option<Result<Bytes, Error>>>::Pending
            });
            async { Body::stream(silent) }
        });
        let (_running, address) = start(app).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/").await;
        until(&mut stream, "\r\n\r\n").await;
        stream.set_zero_linger().expect("it is a socket");
        drop(stream);
        assert_eq!(dropped.recv().await, Some(()));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_breaks_off_without_a_length_is_a_reset_for_http10() {
    bounded(async {
        let (sender, receiver) = mpsc::channel(1);
        let receiver = std::sync::Mutex::new(Some(receiver));
        let app = App::new().get("/", move || {
            let mut receiver: mpsc::Receiver<Result<Bytes, Error>> =
                receiver.lock().expect("no panic").take().expect("it is called once");
            async move { Body::stream(futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx))) }
        });
        let (_running, address) = start(app).await;
        let mut stream = connect(address).await;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.expect("the server reads");
        sender.send(Ok("some".into())).await.expect("it is polled");
        until(&mut stream, "some").await;
        sender.send(Err(Error::bad_request("no more"))).await.expect("it is polled");
        let error = stream.read(&mut [0]).await.expect_err("an orderly end would pass for the whole");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    })
    .await;
}

#[tokio::test]
async fn an_upgraded_connection_is_waited_for_and_told_of_the_stop() {
    bounded(async {
        let stopped = Shared::new(false);
        let cell = stopped.clone();
        let app = App::new().get("/", move || {
            let cell = cell.clone();
            async move {
                Response::upgrade("patient", async move |mut connection: Upgraded| {
                    connection.stopping().await;
                    let _ = connection.write_all(b"wait").await;
                    let _ = connection.read_u8().await;
                    cell.set(true);
                })
            }
        });
        let (running, address) = start(app).await;
        let mut stream = connect(address).await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: patient\r\n\r\n")
            .await
            .expect("the server reads");
        until(&mut stream, "\r\n\r\n").await;
        let stopping = mainspring_task::spawn(running.stop());
        until(&mut stream, "wait").await;
        assert!(!stopped.get());
        stream.write_all(b"!").await.expect("the protocol reads");
        stopping.await.expect("no panic").expect("it stops in order");
        assert!(stopped.get());
    })
    .await;
}

#[tokio::test]
async fn a_large_body_streams_through_the_server_in_both_directions() {
    bounded(async {
        let (_running, address) = start(App::new().post("/", |body: Body| async { body })).await;
        let (mut reader, mut writer) = connect(address).await.into_split();
        let body = &content()[..2_000_000];
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let mut request = head.as_bytes().to_vec();
        for chunk in body.chunks(100_000) {
            request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            request.extend_from_slice(chunk);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        let sending =
            mainspring_task::spawn(async move { writer.write_all(&request).await.map(|()| writer) });
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).await.expect("it comes back");
        sending.await.expect("no panic").expect("all is taken");
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("there is a head");
        let mut decoded = Vec::new();
        let mut rest = &answer[head + 4..];
        loop {
            let line = rest.windows(2).position(|window| window == b"\r\n").expect("there is a chunk");
            let size = std::str::from_utf8(&rest[..line]).expect("it is text");
            let size = usize::from_str_radix(size, 16).expect("it is a number");
            if size == 0 {
                break;
            }
            decoded.extend_from_slice(&rest[line + 2..line + 2 + size]);
            rest = &rest[line + 4 + size..];
        }
        assert!(decoded == body);
    })
    .await;
}
