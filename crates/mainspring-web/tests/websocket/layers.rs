//! Websockets behind tower layers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use mainspring_web::interop::tower_layer;
use mainspring_web::{Body, Error};
use tokio::time::timeout;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::trace::TraceLayer;

use crate::support::{BOUND, Client, TEXT, app, frame, start};

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
async fn a_websocket_behind_tower_layers_opens_and_closes_in_order() {
    let app = app()
        .middleware(tower_layer(TraceLayer::new_for_http()))
        .middleware(tower_layer(MapResponseBodyLayer::new(Foreign)));
    let (running, address) = start(app).await;
    let client = mainspring_task::threaded(move || {
        let mut client = Client::open(address, "/", "Sec-WebSocket-Protocol: c\r\n");
        assert!(client.head.contains("sec-websocket-protocol: c\r\n"), "{}", client.head);
        client.bytes(&frame(TEXT, b"Meow."), usize::MAX);
        client.expect(TEXT, b"Meow.");
        client.close();
    });
    timeout(BOUND, client).await.expect("it does not hang").expect("the case holds");
    running.stop().await.expect("the server stops in order");
}
