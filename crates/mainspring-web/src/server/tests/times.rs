//! Who takes too long.

use tokio::time::Instant;

use super::*;

async fn seconds_until_end(peer: &mut Peer) -> (String, f64) {
    let start = Instant::now();
    let rest = peer.rest().await;
    (rest, start.elapsed().as_secs_f64())
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_ends_after_10_seconds() {
    let (rest, seconds) = seconds_until_end(&mut Peer::new(&cat())).await;
    assert_eq!(rest, "");
    assert!((10.0..11.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_head_in_drops_is_a_408_after_10_seconds() {
    let mut peer = Peer::new(&cat());
    peer.send(get("/")).await;
    peer.answer().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let start = Instant::now();
    for byte in "GET / HTTP/1.1".bytes() {
        peer.send([byte]).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let rest = peer.rest().await;
    assert_eq!(status(&rest), "408", "{rest}");
    let seconds = start.elapsed().as_secs_f64();
    assert!((10.0..11.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_after_75_seconds() {
    let mut peer = Peer::new(&cat());
    for _ in 0..3 {
        peer.send(get("/")).await;
        peer.answer().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    peer.send(get("/")).await;
    peer.answer().await;
    let (rest, seconds) = seconds_until_end(&mut peer).await;
    assert_eq!(rest, "");
    assert!((75.0..76.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_a_408_after_30_seconds() {
    let mut peer = Peer::new(&cat());
    peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nMeow").await;
    let (rest, seconds) = seconds_until_end(&mut peer).await;
    assert_eq!(status(&rest), "408");
    assert!((30.0..31.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_body_in_drops_is_a_408() {
    let mut peer = Peer::new(&cat());
    let start = Instant::now();
    peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n").await;
    for _ in 0..7 {
        peer.send("x").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    assert_eq!(status(&peer.rest().await), "408");
    let seconds = start.elapsed().as_secs_f64();
    assert!((30.0..31.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_ends_after_30_seconds() {
    let app = App::new().get("/", || async { "x".repeat(10_000) });
    let mut peer = Peer::with_room(&app, 500);
    let start = Instant::now();
    peer.send(get("/")).await;
    let error = peer.task.await.expect("no panic").expect_err("it stalls");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let seconds = start.elapsed().as_secs_f64();
    assert!((30.0..31.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn endless_timeouts_are_no_fault() {
    let endless = Duration::MAX;
    let timeouts =
        Timeouts { head: endless, idle: endless, body: endless, write: endless, ..Timeouts::default() };
    let mut peer = Peer::with(&cat(), 100, timeouts);
    for part in ["POST /echo HTTP/1.1\r\nHost: a\r\n", "Content-Length: 4\r\n\r\nMe", "ow"] {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        peer.send(part).await;
    }
    assert!(peer.answer().await.ends_with("Meow"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_is_not_timed_out() {
    let app = App::new().get("/", || async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        "late"
    });
    let mut peer = Peer::new(&app);
    peer.send(get("/")).await;
    assert!(peer.answer().await.ends_with("late"));
    let (_, seconds) = seconds_until_end(&mut peer).await;
    assert!((75.0..76.0).contains(&seconds), "the idle timer must be alive after it: {seconds}");
}
