//! Clients that go away, and handlers that take too long.

use std::future::pending;

use mainspring_task::Shared;
use mainspring_task::cancel::{catch_cancel, finally};

use super::*;
use crate::{Body, Route};

type Log = Shared<Vec<&'static str>>;

/// Handlers that note when they begin, end and are cancelled.
fn app(log: &Log, seconds: u64) -> App {
    let work = move |log: Log| async move {
        log.update(|log| log.push("begun"));
        let pen = log.clone();
        let cleanup = async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            pen.update(|log| log.push("cleaned"));
        };
        let pen = log.clone();
        let body = async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            pen.update(|log| log.push("done"));
        };
        finally(body, cleanup).await;
        "late"
    };
    let (get, post) = (log.clone(), log.clone());
    cat().get("/work", move || work(get.clone())).post("/work", move || work(post.clone()))
}

const POST: &str = "POST /work HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_safe_handler_is_cancelled_with_its_cleanup_when_the_client_goes() {
    let log = Log::new(Vec::new());
    let mut peer = Peer::new(&app(&log, 100));
    peer.send(get("/work")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = tokio::time::Instant::now();
    assert!(peer.ended().await.is_ok());
    assert_eq!(log.get(), ["begun", "cleaned"]);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_for_its_first_time_is_cancelled_with_its_cleanup() {
    let log = Log::new(Vec::new());
    let mut peer = Peer::new(&app(&log, 100));
    peer.send(get("/work")).await;
    assert!(peer.ended().await.is_ok());
    assert_eq!(log.get(), ["begun", "cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_handler_runs_to_its_end_when_the_client_goes() {
    let log = Log::new(Vec::new());
    let mut peer = Peer::new(&app(&log, 100));
    peer.send(POST).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(peer.ended().await.is_err(), "the answer finds nobody");
    assert_eq!(log.get(), ["begun", "done", "cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_only_says_no_more_gets_the_answer_of_an_unsafe_handler() {
    let log = Log::new(Vec::new());
    let answer = ask(&app(&log, 100), POST).await;
    assert!(answer.ends_with("late"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_only_says_no_more_gets_what_is_ready() {
    assert!(ask(&cat(), &get("/")).await.ends_with("Meow."));
}

#[tokio::test(start_paused = true)]
async fn requests_that_wait_in_line_are_not_taken_for_the_end() {
    let log = Log::new(Vec::new());
    let mut peer = Peer::new(&app(&log, 5));
    peer.send(get("/work")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.send(get("/")).await;
    assert!(peer.answer().await.ends_with("late"));
    assert!(peer.answer().await.ends_with("Meow."));
}

#[tokio::test(start_paused = true)]
async fn requests_are_read_ahead_up_to_a_bound() {
    let app = cat().get("/never", pending::<()>);
    let mut peer = Peer::with_room(&app, 1000);
    peer.send(get("/never")).await;
    let mut sent = 0;
    let request = get("/");
    while tokio::time::timeout(Duration::from_secs(1), peer.stream.write_all(request.as_bytes()))
        .await
        .is_ok()
    {
        sent += request.len();
    }
    assert!(sent < 40_000, "{sent}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_the_client_goes() {
    let dropped = Shared::new(false);
    struct Tells(Shared<bool>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let cell = dropped.clone();
    let app = App::new().get("/", move || {
        let tells = Tells(cell.clone());
        let silent = futures_util::stream::poll_fn(move |_| {
            let _held = &tells;
            Poll::<Option<Result<&str, Error>>>::Pending
        });
        async { Body::stream(silent) }
    });
    let mut peer = Peer::new(&app);
    peer.send(get("/")).await;
    peer.answer().await;
    assert!(peer.ended().await.is_ok());
    assert!(dropped.get());
}

fn hurried() -> Timeouts {
    Timeouts { handler: Some(Duration::from_secs(3)), ..Timeouts::default() }
}

#[tokio::test(start_paused = true)]
async fn a_handler_beyond_its_time_is_cancelled_and_the_client_gets_a_503() {
    let log = Log::new(Vec::new());
    let mut peer = Peer::with(&app(&log, 100), 10_000, hurried());
    let start = tokio::time::Instant::now();
    peer.send(POST).await;
    let rest = peer.rest().await;
    assert!(rest.starts_with("HTTP/1.1 503 ") && rest.contains("connection: close\r\n"), "{rest}");
    assert_eq!(log.get(), ["begun", "cleaned"]);
    let seconds = start.elapsed().as_secs_f64();
    assert!((4.0..5.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_within_its_time_is_left_alone() {
    let log = Log::new(Vec::new());
    let mut peer = Peer::with(&app(&log, 1), 10_000, hurried());
    for _ in 0..3 {
        peer.send(get("/work")).await;
        assert!(peer.answer().await.ends_with("late"));
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_handler_ends_with_its_head() {
    let app = App::new().get("/", || async {
        Body::stream(futures_util::stream::once(async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok::<_, Error>("late")
        }))
    });
    let mut peer = Peer::with(&app, 10_000, hurried());
    peer.send(get("/")).await;
    peer.answer().await;
    let mut piece = [0; 9];
    peer.stream.read_exact(&mut piece).await.expect("it comes");
    assert_eq!(&piece, b"4\r\nlate\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_route_may_have_it_the_other_way() {
    for (cancel, expected) in [(true, ["begun", "cleaned"].as_slice()), (false, &["begun", "done"])] {
        let log = Log::new(Vec::new());
        let pen = log.clone();
        let work = move || {
            let log = pen.clone();
            async move {
                log.update(|log| log.push("begun"));
                let pen = log.clone();
                let body = async move {
                    tokio::time::sleep(Duration::from_secs(9)).await;
                    pen.update(|log| log.push("done"));
                };
                catch_cancel(body)
                    .await
                    .map_err(|_| log.update(|log| log.push("cleaned")))
                    .is_ok()
                    .to_string()
            }
        };
        let route = Route::any("/work", work).cancel_on_disconnect(cancel);
        let mut peer = Peer::new(&App::new().add(route));
        peer.send(if cancel { POST.to_owned() } else { get("/work") }).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _whether_the_answer_was_taken = peer.ended().await;
        assert_eq!(log.get(), expected, "{cancel}");
    }
}
