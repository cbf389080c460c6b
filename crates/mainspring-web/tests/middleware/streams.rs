//! What middlewares do to answers that are streamed.

use mainspring_web::middleware::{AccessLog, REQUEST_ID, RequestIds};
use mainspring_web::{App, Body, Error};

use crate::access_log::Lines;
use crate::site::{Answer, Site};

#[tokio::test]
async fn a_stream_is_counted_to_its_end() -> Result<(), Error> {
    let (lines, _guard) = Lines::collect();
    let pieces = || async {
        Body::stream(futures_util::stream::iter((0..10).map(|_| Ok::<_, Error>("Meow."))))
    };
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
        let pieces = futures_util::StreamExt::map(futures_util::stream::iter(ids), |_| {
            Ok::<_, Error>(REQUEST_ID.get().map(|id| id.to_string()).unwrap_or_default())
        });
        Body::stream(pieces)
    };
    let site = Site::start(App::new().middleware(RequestIds::new()).get("/", stream)).await;
    let mut connection = site.send("GET", "/", &[("x-request-id", "id-1")], b"").await;
    assert_eq!(Answer::read(&mut connection, false).await.text(), "id-1id-1");
}
