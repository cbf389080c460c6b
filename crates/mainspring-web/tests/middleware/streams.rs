//! What middlewares do to answers that are streamed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use mainspring_web::middleware::{AccessLog, ConcurrencyLimit, REQUEST_ID, RequestIds};
use mainspring_web::{App, Body, Error};
use tokio::sync::Semaphore;

use crate::access_log::Lines;
use crate::site::{Answer, Site, read_chunk};

/// A stream of events, each of which is let go by a permit.
fn events(gate: Arc<Semaphore>) -> Body {
    let events = futures_util::stream::iter(0..2).then(move |number| {
        let gate = gate.clone();
        async move {
            gate.acquire().await.expect("it stays open").forget();
            Ok::<_, Error>(format!("data: {number}\n\n"))
        }
    });
    Body::stream(events)
}

#[tokio::test]
async fn a_streamed_answer_keeps_its_place_until_its_end() {
    let gate = Arc::new(Semaphore::new(1));
    let held = gate.clone();
    let app = App::new()
        .middleware(ConcurrencyLimit::new(1).queue(0, Duration::ZERO))
        .get("/", move || std::future::ready(events(held.clone())));
    let site = Site::start(app).await;
    let mut stream = site.send("GET", "/", &[], b"").await;
    assert_eq!(Answer::head(&mut stream).await.status, 200);
    assert_eq!(site.get("/").await.status, 503);
    gate.add_permits(1);
    assert_eq!(read_chunk(&mut stream).await.as_deref(), Some(&b"data: 0\n\n"[..]));
    assert_eq!(read_chunk(&mut stream).await.as_deref(), Some(&b"data: 1\n\n"[..]));
    assert_eq!(read_chunk(&mut stream).await, None);
    gate.add_permits(2);
    assert_eq!(site.get("/").await.text(), "data: 0\n\ndata: 1\n\n");
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn an_event_arrives_compressed_before_the_next_one_happens() {
    use std::io::Write;

    use mainspring_web::middleware::Compression;

    for coding in ["gzip", "br", "zstd"] {
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        let app = App::new()
            .middleware(Compression::new())
            .get("/", move || std::future::ready(events(held.clone())));
        let site = Site::start(app).await;
        let mut stream = site.send("GET", "/", &[("accept-encoding", coding)], b"").await;
        assert_eq!(Answer::head(&mut stream).await.header("content-encoding"), Some(coding));
        let mut decoder: Box<dyn Write> = match coding {
            "gzip" => Box::new(flate2::write::GzDecoder::new(Plain)),
            "br" => Box::new(brotli::DecompressorWriter::new(Plain, 4096)),
            _ => Box::new(zstd::stream::write::Decoder::new(Plain).expect("it is made")),
        };
        PLAIN.with_borrow_mut(Vec::clear);
        for number in 0..2 {
            gate.add_permits(1);
            while !PLAIN.with_borrow(|plain| plain.ends_with(format!("data: {number}\n\n").as_bytes())) {
                let chunk = read_chunk(&mut stream).await.expect("the event is to come");
                decoder.write_all(&chunk).expect("it is valid");
                decoder.flush().expect("it is valid");
            }
        }
        while let Some(chunk) = read_chunk(&mut stream).await {
            decoder.write_all(&chunk).expect("it is valid");
        }
        assert_eq!(PLAIN.take(), b"data: 0\n\ndata: 1\n\n", "{coding}");
    }
}

#[cfg(feature = "compression")]
thread_local! {
    static PLAIN: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Collects what a decoder has for certain; each test has a thread of its own.
#[cfg(feature = "compression")]
struct Plain;

#[cfg(feature = "compression")]
impl std::io::Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        PLAIN.with_borrow_mut(|plain| plain.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_is_counted_to_its_end() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let pieces =
        || async { Body::stream(futures_util::stream::iter((0..10).map(|_| Ok::<_, Error>("Meow.")))) };
    let site = Site::start(App::new().middleware(AccessLog::new().format("%s %b")?).get("/", pieces)).await;
    assert_eq!(site.get("/").await.body.len(), 50);
    assert_eq!(lines.access(), ["200 50"]);
    Ok(())
}

#[tokio::test]
async fn the_stream_of_a_request_has_its_id() {
    let stream = || async {
        let ids = (0..2).map(|_| {
            std::future::ready(()) // The id is looked at when the piece is asked for.
        });
        let pieces = futures_util::stream::iter(ids)
            .map(|_| Ok::<_, Error>(REQUEST_ID.get().map(|id| id.to_string()).unwrap_or_default()));
        Body::stream(pieces)
    };
    let site = Site::start(App::new().middleware(RequestIds::new()).get("/", stream)).await;
    let mut connection = site.send("GET", "/", &[("x-request-id", "id-1")], b"").await;
    assert_eq!(Answer::read(&mut connection, false).await.text(), "id-1id-1");
}
