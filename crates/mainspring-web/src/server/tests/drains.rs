//! The stop of the server.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_at_once() {
    let mut peer = Peer::new(&cat());
    peer.send(get("/")).await;
    peer.answer().await;
    tokio::task::yield_now().await;
    let start = tokio::time::Instant::now();
    peer.stop.cancel();
    assert_eq!(peer.rest().await, "");
    assert!(start.elapsed() < Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn a_fresh_connection_ends_at_once() {
    let mut peer = Peer::new(&cat());
    tokio::task::yield_now().await;
    peer.stop.cancel();
    assert_eq!(peer.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_request_at_work_is_answered_with_close() {
    let app = App::new().get("/", || async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        "done"
    });
    let mut peer = Peer::new(&app);
    peer.send(get("/")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.stop.cancel();
    let rest = peer.rest().await;
    assert!(rest.contains("connection: close\r\n") && rest.ends_with("done"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_has_begun_is_served() {
    let mut peer = Peer::new(&cat());
    peer.send("GET / HT").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.stop.cancel();
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send("TP/1.1\r\nHost: a\r\n\r\n").await;
    let rest = peer.rest().await;
    assert!(rest.contains("connection: close\r\n") && rest.ends_with("Meow."), "{rest}");
}

/// How long a connection lives on after the stop when its client says no more.
async fn seconds_after_stop(sent: &str) -> f64 {
    let mut peer = Peer::new(&App::new().post("/", |body: String| async { body }));
    peer.send(sent).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.stop.cancel();
    let stopped = tokio::time::Instant::now();
    let rest = peer.rest().await;
    assert!(rest.starts_with("HTTP/1.1 408 "), "{rest}");
    stopped.elapsed().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_stalls_is_given_up_after_2_seconds() {
    let seconds = seconds_after_stop("POST / HT").await;
    assert!((2.0..3.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up_after_2_seconds() {
    let seconds = seconds_after_stop("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab").await;
    assert!((2.0..3.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_handler_is_not_missed() {
    let app = App::new().get("/", || async { tokio::time::sleep(Duration::from_secs(5)).await });
    let mut peer = Peer::new(&app);
    for _ in 0..2 {
        peer.send(get("/")).await;
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    peer.stop.cancel();
    let rest = peer.rest().await;
    assert_eq!(rest.matches("HTTP/1.1 200 OK").count(), 2, "{rest}");
}
