//! What goes on for ever ends with the server, whatever stands around it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{iter, pending};
use http_body::Frame;
use mainspring_web::interop::tower_layer;
use mainspring_web::middleware::{AccessLog, ConcurrencyLimit, RequestIds};
use mainspring_web::{App, Body, Error, Response, Route};
use tower_http::compression::CompressionLayer;
use tower_http::map_response_body::MapResponseBodyLayer;

use crate::site::{Answer, Site, read_chunk};

/// One event, and no other ever.
async fn feed() -> Body {
    Body::endless(iter([Ok::<_, Error>("data: 1\n\n")]).chain(pending()))
}

fn route() -> Route {
    Route::get("/", feed)
}

/// Hears a route until the server has stopped; all that came.
async fn heard(route: Route, coding: &str) -> Vec<u8> {
    let site = Site::start(App::new().add(route)).await;
    let mut stream = site.send("GET", "/", &[("accept-encoding", coding)], b"").await;
    assert_eq!(Answer::head(&mut stream).await.status, 200);
    let mut body = read_chunk(&mut stream).await.expect("there is an event");
    let rest = async {
        while let Some(chunk) = read_chunk(&mut stream).await {
            body.extend(chunk);
        }
    };
    tokio::join!(site.stop(), rest);
    body
}

#[tokio::test]
async fn a_feed_ends_with_the_server() {
    assert_eq!(heard(route(), "identity").await, b"data: 1\n\n");
}

#[tokio::test]
async fn a_feed_that_middlewares_watch_ends_with_the_server() {
    let watched = route()
        .middleware(RequestIds::new())
        .middleware(AccessLog::new())
        .middleware(ConcurrencyLimit::new(1));
    assert_eq!(heard(watched, "identity").await, b"data: 1\n\n");
}

#[tokio::test]
async fn a_feed_that_is_mapped_ends_with_the_server() {
    let loud = |response: Response| {
        response
            .map_body(|body| Body::stream(body.map(|piece| piece.map(|piece| piece.to_ascii_uppercase()))))
    };
    let mapped =
        Route::get(
            "/",
            move || async move { loud(mainspring_web::IntoResponse::into_response(feed().await)) },
        );
    assert_eq!(heard(mapped, "identity").await, b"DATA: 1\n\n");
}

/// Reads its body elsewhere, where polling it does not reach.
#[tokio::test]
async fn a_feed_that_another_task_reads_ends_with_the_server() {
    let apart = |body: Body| {
        let (send, receive) = tokio::sync::mpsc::channel(1);
        let reading = mainspring_task::spawn(async move {
            let mut body = body;
            while let Ok(Some(piece)) = body.chunk().await {
                if send.send(Ok::<_, Error>(piece)).await.is_err() {
                    break;
                }
            }
        });
        reading.detach();
        let pieces = futures_util::stream::unfold(receive, async |mut receive| {
            receive.recv().await.map(|piece| (piece, receive))
        });
        Body::stream(pieces)
    };
    let handler =
        move || async move { mainspring_web::IntoResponse::into_response(feed().await).map_body(apart) };
    assert_eq!(heard(Route::get("/", handler), "identity").await, b"data: 1\n\n");
}

/// A body of somebody else around ours.
struct Foreign(Body);

impl http_body::Body for Foreign {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

#[tokio::test]
async fn a_feed_behind_a_tower_layer_ends_with_the_server() {
    let layered = route().middleware(tower_layer(MapResponseBodyLayer::new(Foreign)));
    assert_eq!(heard(layered, "identity").await, b"data: 1\n\n");
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_feed_compressed_by_a_tower_layer_is_whole_when_the_server_stops() {
    let body = heard(route().middleware(tower_layer(CompressionLayer::new())), "gzip").await;
    assert_eq!(crate::coding::decoded("gzip", &body), b"data: 1\n\n");
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_compressed_feed_is_whole_when_the_server_stops() {
    use mainspring_web::middleware::Compression;

    for coding in ["gzip", "deflate", "br", "zstd"] {
        let body = heard(route().middleware(Compression::new()), coding).await;
        assert_eq!(crate::coding::decoded(coding, &body), b"data: 1\n\n", "{coding}");
    }
}
