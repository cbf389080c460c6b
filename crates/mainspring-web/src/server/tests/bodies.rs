//! Bodies of requests that come piece by piece.

use std::future::poll_fn;
use std::sync::Mutex;

use bytes::Bytes;
use http_body::Body as _;
use tokio::sync::oneshot;

use super::*;
use crate::{Body, Route};

fn post(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

/// Tells how many pieces of which length have come.
async fn count(mut body: Body) -> Result<String, Error> {
    let (mut pieces, mut bytes) = (0, 0);
    while let Some(piece) = body.chunk().await? {
        pieces += 1;
        bytes += piece.len();
    }
    Ok(format!("{pieces} {bytes}"))
}

fn app() -> App {
    cat().post("/count", count).post("/ignore", || async { "ignored" })
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_called_before_its_body_has_come() {
    let (entered, mut called) = oneshot::channel();
    let entered = Arc::new(Mutex::new(Some(entered)));
    let app = App::new().post("/", move |mut body: Body| {
        let entered = entered.lock().expect("no panic").take();
        async move {
            let first = body.chunk().await?.unwrap_or_default();
            let _ = entered.map(|entered| entered.send(first));
            let rest = body.collect().await?;
            Ok::<_, Error>(rest)
        }
    });
    let mut peer = Peer::new(&app);
    peer.send(post("/", 6)).await;
    tokio::task::yield_now().await;
    assert!(called.try_recv().is_err());
    peer.send("Meo").await;
    assert_eq!(called.await.expect("the handler has the first piece"), "Meo");
    peer.send("ow.").await;
    assert!(peer.answer().await.ends_with("\r\n\r\now."));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_came_with_its_head_is_one_piece() {
    let mut peer = Peer::new(&app());
    peer.send(post("/count", 5) + "Meow.").await;
    assert!(peer.answer().await.ends_with("1 5"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_is_bounded_in_memory() {
    let (release, released) = oneshot::channel::<()>();
    let released = Arc::new(Mutex::new(Some(released)));
    let app = App::new().post("/", move |body: Body| {
        let released = released.lock().expect("no panic").take();
        async move {
            let _ = released.expect("it is called once").await;
            count(body).await
        }
    });
    let mut peer = Peer::with_room(&app, 1024);
    peer.send(post("/", 1_000_000)).await;
    let mut sent = 0;
    let piece = [0; 1000];
    while let Ok(result) = tokio::time::timeout(Duration::from_secs(1), peer.stream.write_all(&piece)).await {
        result.expect("the server is there");
        sent += piece.len();
    }
    assert!((60_000..150_000).contains(&sent), "{sent}");
    release.send(()).expect("the handler waits");
    let (mut reader, mut writer) = tokio::io::split(peer.stream);
    // Of the piece that was given up an unknown part has gone.
    let rest = spawn(async move { while writer.write_all(&piece).await.is_ok() {} });
    let mut answer = vec![0; 12];
    reader.read_exact(&mut answer).await.expect("it is answered");
    assert_eq!(answer, b"HTTP/1.1 200");
    drop((reader, rest));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_its_time_is_no_fault_of_the_client() {
    let app = App::new().post("/", |mut body: Body| async move {
        let mut bytes = 0;
        while let Some(piece) = body.chunk().await? {
            tokio::time::sleep(Duration::from_secs(100)).await;
            bytes += piece.len();
        }
        Ok::<_, Error>(bytes.to_string())
    });
    let body = vec![b'x'; 400_000];
    let peer = Peer::with_room(&app, 1024);
    let (mut reader, mut writer) = tokio::io::split(peer.stream);
    let sending = spawn(async move {
        writer.write_all(post("/", 400_000).as_bytes()).await?;
        writer.write_all(&body).await?;
        Ok::<_, io::Error>(writer)
    });
    let mut answer = vec![0; 12];
    reader.read_exact(&mut answer).await.expect("it is answered");
    assert_eq!(answer, b"HTTP/1.1 200");
    sending.await.expect("no panic").expect("all is taken");
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_read_by_another_task() {
    let app =
        App::new().post("/", |body: Body| async move { spawn(body.collect()).await.expect("no panic") });
    let mut peer = Peer::new(&app);
    peer.send(post("/", 6) + "Meo").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send("ow.").await;
    assert!(peer.answer().await.ends_with("\r\n\r\nMeoow."));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_read_after_the_answer() {
    let (sender, received) = oneshot::channel();
    let sender = Arc::new(Mutex::new(Some(sender)));
    let app = cat().post("/later", move |body: Body| {
        let sender = sender.lock().expect("no panic").take().expect("it is called once");
        spawn(async move { sender.send(body.collect().await) }).detach();
        async { StatusCode::ACCEPTED }
    });
    let mut peer = Peer::new(&app);
    peer.send(post("/later", 200_000)).await;
    assert_eq!(status(&peer.answer().await), "202");
    peer.send(vec![b'x'; 200_000]).await;
    peer.send(get("/")).await;
    assert_eq!(received.await.expect("it is read").expect("it is whole").len(), 200_000);
    assert_eq!(status(&peer.answer().await), "200");
}

#[tokio::test(start_paused = true)]
async fn a_small_body_that_nobody_reads_is_skipped() {
    let mut peer = Peer::new(&app());
    peer.send(post("/ignore", 60_000)).await;
    assert!(peer.answer().await.ends_with("ignored"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send(vec![b'x'; 60_000]).await;
    peer.send(get("/")).await;
    assert!(peer.answer().await.ends_with("Meow."));
}

#[tokio::test(start_paused = true)]
async fn a_large_body_that_nobody_reads_ends_the_connection() {
    let mut peer = Peer::new(&app());
    peer.send(post("/ignore", 1_000_000)).await;
    peer.send(vec![b'x'; 300_000]).await;
    let rest = peer.rest().await;
    assert!(rest.contains("connection: close\r\n") && rest.ends_with("ignored"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_that_nobody_reads_is_skipped_up_to_a_bound() {
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
    for (chunks, goes_on) in [(10, true), (30, false)] {
        let mut peer = Peer::new(&app());
        peer.send("POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        assert!(peer.answer().await.ends_with("ignored"));
        peer.send(chunk.repeat(chunks) + "0\r\n\r\n" + &get("/")).await;
        assert_eq!(peer.rest().await.contains("Meow."), goes_on, "{chunks}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_and_that_stalls_ends_the_connection_within_2_seconds() {
    let mut peer = Peer::new(&app());
    peer.send(post("/ignore", 60_000)).await;
    let start = tokio::time::Instant::now();
    assert!(peer.rest().await.ends_with("ignored"));
    let seconds = start.elapsed().as_secs_f64();
    assert!((2.0..3.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn continue_is_sent_when_the_body_is_read_and_not_before() {
    let app = App::new().post("/", |body: Body| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        body.collect().await
    });
    let mut peer = Peer::new(&app);
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    let start = tokio::time::Instant::now();
    assert_eq!(peer.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(start.elapsed() >= Duration::from_secs(5));
    peer.send("Meow.").await;
    assert!(peer.answer().await.ends_with("Meow."));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_read_sends_no_continue() {
    let mut peer = Peer::new(&app());
    peer.send("POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n").await;
    let rest = peer.rest().await;
    assert!(rest.starts_with("HTTP/1.1 200") && rest.contains("connection: close\r\n"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_wait_for_continue_gets_none() {
    let mut peer = Peer::new(&app());
    peer.send("POST /count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nMe").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send("ow.").await;
    assert_eq!(status(&peer.answer().await), "200");
}

#[tokio::test(start_paused = true)]
async fn a_counted_body_beyond_the_limit_is_a_413_before_the_handler() {
    let app = App::new().post("/", || async { "the handler was called" });
    let mut peer = Peer::new(&app);
    peer.send(post("/", 3_000_000)).await;
    assert_eq!(status(&peer.rest().await), "413");
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_beyond_the_limit_is_a_413_of_the_extractor() {
    let peer = Peer::new(&App::new().post("/", |body: Bytes| async move { body }));
    let (mut reader, mut writer) = tokio::io::split(peer.stream);
    let sending = spawn(async move {
        writer.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(65536));
        for _ in 0..40 {
            writer.write_all(chunk.as_bytes()).await?;
        }
        Ok::<_, io::Error>(())
    });
    let mut rest = String::new();
    reader.read_to_string(&mut rest).await.expect("it is answered");
    assert_eq!(status(&rest), "413", "{rest}");
    assert!(rest.contains("connection: close\r\n"), "{rest}");
    drop(sending);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_chunk_reaches_the_reader_and_ends_the_connection() {
    let mut peer = Peer::new(&app());
    peer.send("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nMeo\r\n").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send("zz\r\n".to_owned() + &get("/")).await;
    let rest = peer.rest().await;
    assert_eq!(status(&rest), "400", "{rest}");
    assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_cut_is_an_error_of_its_reader() {
    let answer = ask(&app(), &(post("/count", 9) + "Meow.")).await;
    assert_eq!(status(&answer), "400");
    assert!(answer.contains("the connection ended within the body"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn trailers_come_out_behind_the_last_piece() {
    let app = App::new().post("/", |mut body: Body| async move {
        let mut seen = String::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            match frame?.into_trailers() {
                Ok(trailers) => seen += &format!("{trailers:?}"),
                Err(frame) => seen += &format!("{:?} ", frame.into_data().unwrap_or_default()),
            }
        }
        Ok::<_, Error>(seen)
    });
    let mut peer = Peer::new(&app);
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send("4\r\nMeow\r\n0\r\nX-Sum: 7\r\nHost: b\r\n\r\n").await;
    let answer = peer.answer().await;
    assert!(answer.ends_with(r#"b"Meow" {"x-sum": "7"}"#), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_route_has_a_body_limit_of_its_own() {
    let route = |path, limit| Route::post(path, count).body_limit(limit);
    let app = App::new().add(route("/small", 4)).add(route("/large", 4_000_000));
    for (path, length, expected) in [("/small", 5, "413"), ("/small", 4, "200"), ("/large", 3_000_000, "200")]
    {
        let mut peer = Peer::with_room(&app, 4_000_000);
        peer.send(post(path, length)).await;
        peer.send(vec![b'x'; length]).await;
        assert_eq!(status(&peer.answer().await), expected, "{path} {length}");
    }
}
