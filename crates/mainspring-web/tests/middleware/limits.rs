//! Those that bound what requests may take.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mainspring_task::Shared;
use mainspring_task::cancel::finally;
use mainspring_web::middleware::{BodyLimit, ConcurrencyLimit, Timeout};
use mainspring_web::{App, StatusCode};
use tokio::sync::{Notify, Semaphore};

use crate::site::{Answer, Site};

#[tokio::test]
async fn a_handler_that_takes_too_long_is_cancelled_and_cleans_up_before_the_503() {
    let log = Shared::new(Vec::new());
    let pen = log.clone();
    let handler = move || {
        let pen = pen.clone();
        async move { finally(pending::<&str>(), async move { pen.update(|log| log.push("cleaned up")) }).await }
    };
    let limit = Timeout::new(Duration::from_millis(20));
    let site = Site::start(App::new().middleware(limit).get("/", handler)).await;
    let answer = site.get("/").await;
    assert_eq!(answer.status, 503);
    assert_eq!(log.get(), ["cleaned up"]);
}

#[tokio::test]
async fn a_timeout_may_answer_with_504() {
    let limit = Timeout::new(Duration::from_millis(20)).status(StatusCode::GATEWAY_TIMEOUT);
    let app = App::new().middleware(limit).get("/", || async { pending::<&str>().await });
    assert_eq!(Site::start(app).await.get("/").await.status, 504);
}

#[tokio::test]
async fn what_is_answered_in_time_is_not_touched_by_a_timeout() {
    let app = App::new().middleware(Timeout::new(Duration::ZERO)).get("/", || async { "Meow." });
    assert_eq!(Site::start(app).await.get("/").await.text(), "Meow.");
}

#[tokio::test]
async fn a_body_above_the_limit_is_a_413_and_one_at_the_limit_is_not() {
    let app = App::new().middleware(BodyLimit::new(5)).post("/", |text: String| async { text });
    let site = Site::start(app).await;
    assert_eq!(site.ask("POST", "/", &[], b"12345").await.text(), "12345");
    let answer = site.ask("POST", "/", &[], b"123456").await;
    assert_eq!((answer.status, answer.text()), (413, "the body is larger than 5 bytes"));
}

#[tokio::test]
async fn a_chunked_body_above_the_limit_is_a_413() {
    let app = App::new().middleware(BodyLimit::new(5)).post("/", |text: String| async { text });
    let site = Site::start(app).await;
    let chunked = [("transfer-encoding", "chunked")];
    let mut stream = site.send("POST", "/", &chunked, b"").await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"3\r\n123\r\n3\r\n456\r\n0\r\n\r\n")
        .await
        .expect("it reads");
    assert_eq!(Answer::read(&mut stream, false).await.status, 413);
}

/// An app whose handlers wait until they are let go, and tell how many are inside.
struct Gate {
    inside: Arc<AtomicUsize>,
    entered: Arc<Notify>,
    open: Arc<Semaphore>,
}

impl Gate {
    async fn site(limit: ConcurrencyLimit) -> (Self, Site) {
        let gate =
            Self { inside: Arc::default(), entered: Arc::default(), open: Arc::new(Semaphore::new(0)) };
        let (inside, entered, open) = (gate.inside.clone(), gate.entered.clone(), gate.open.clone());
        let handler = move || {
            let (inside, entered, open) = (inside.clone(), entered.clone(), open.clone());
            async move {
                inside.fetch_add(1, Ordering::SeqCst);
                entered.notify_one();
                let _passed = open.acquire().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                "Meow."
            }
        };
        (gate, Site::start(App::new().middleware(limit).get("/", handler)).await)
    }
}

#[tokio::test]
async fn a_request_above_the_limit_is_shed_with_503_and_retry_after() {
    let (gate, site) = Gate::site(ConcurrencyLimit::new(1).queue(0, Duration::ZERO)).await;
    let mut first = site.send("GET", "/", &[], b"").await;
    gate.entered.notified().await;
    let answer = site.get("/").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    gate.open.add_permits(1);
    assert_eq!(Answer::read(&mut first, false).await.status, 200);
    assert_eq!(site.get("/").await.status, 200);
}

#[tokio::test]
async fn a_request_waits_in_the_queue_for_a_place() {
    let (gate, site) = Gate::site(ConcurrencyLimit::new(1).queue(1, Duration::from_secs(30))).await;
    let mut first = site.send("GET", "/", &[], b"").await;
    gate.entered.notified().await;
    let mut second = site.send("GET", "/", &[], b"").await;
    gate.open.add_permits(1);
    assert_eq!(Answer::read(&mut first, false).await.status, 200);
    assert_eq!(Answer::read(&mut second, false).await.status, 200);
    assert_eq!(gate.inside.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_wait_in_the_queue_ends() {
    let (gate, site) = Gate::site(ConcurrencyLimit::new(1).queue(1, Duration::from_millis(20))).await;
    let _first = site.send("GET", "/", &[], b"").await;
    gate.entered.notified().await;
    assert_eq!(site.get("/").await.status, 503);
    gate.open.add_permits(1);
}
