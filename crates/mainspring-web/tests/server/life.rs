//! The server as a service: on real sockets, inside the entrypoint.

use std::time::Duration;

use mainspring_service::Entrypoint;
use mainspring_web::{App, HttpServer, Path, PeerAddr};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::{ask, bounded, connect, start, until};

#[tokio::test]
async fn it_serves_several_connections_at_once() {
    let check = async {
        let (running, address) =
            start(App::new().get("/{n}", |Path(n): Path<u32>| async move { format!("<{n}>") })).await;
        let mut streams = Vec::new();
        for _ in 0..20 {
            streams.push(connect(address).await);
        }
        for round in 0..3 {
            for stream in &mut streams {
                ask(stream, &format!("/{round}")).await;
            }
            for stream in &mut streams {
                until(stream, &format!("<{round}>")).await;
            }
        }
        running.stop().await.expect("idle connections do not hold the stop up");
    };
    bounded(check).await;
}

#[tokio::test]
async fn the_peer_address_is_the_clients() {
    let check = async {
        let (_running, address) =
            start(App::new().get("/", |PeerAddr(peer): PeerAddr| async move { peer.to_string() })).await;
        let mut stream = connect(address).await;
        let own = stream.local_addr().expect("it is connected").to_string();
        ask(&mut stream, "/").await;
        until(&mut stream, &own).await;
    };
    bounded(check).await;
}

#[tokio::test]
async fn stopping_closes_the_port_and_waits_for_the_request_at_work() {
    let check = async {
        let (entered, at_work) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let once = std::sync::Mutex::new(Some((entered, released)));
        let app = App::new().get("/slow", move || {
            let pair = once.lock().expect("no panic").take();
            async move {
                let (entered, released) = pair.expect("it is called once");
                let _ = entered.send(());
                let _ = released.await;
                "done"
            }
        });
        let (running, address) = start(app).await;
        let mut idle = connect(address).await;
        let mut busy = connect(address).await;
        ask(&mut busy, "/slow").await;
        at_work.await.expect("the handler is entered");
        let stopping = mainspring_task::spawn(running.stop());

        assert_eq!(idle.read(&mut [0]).await.expect("it ends in order"), 0);
        assert!(TcpStream::connect(address).await.is_err());
        release.send(()).expect("the handler waits");
        let text = until(&mut busy, "done").await;
        assert!(text.contains("\r\nconnection: close\r\n"), "{text}");
        drop(busy);
        stopping.await.expect("no panic").expect("it stops in order");
    };
    bounded(check).await;
}

#[tokio::test]
async fn routes_that_conflict_fail_the_start() {
    let app = App::new().get("/{a}", || async {}).get("/{b}", || async {});
    let server = HttpServer::bind("127.0.0.1:0", app);
    let error = Entrypoint::new("test").service(server).start().await.expect_err("the routes conflict");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    assert!(
        text.contains("`GET /{b}`") && text.contains("`GET /{a}`") && text.contains("life.rs:"),
        "{text}"
    );
}

#[tokio::test]
async fn a_stream_of_events_does_not_hold_the_stop_up() {
    use mainspring_web::Error;
    use mainspring_web::sse::{Event, Events};

    let check = async {
        let events = || async {
            let first = futures_util::stream::iter([Ok::<_, Error>(Event::new("first"))]);
            Events::new(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
        };
        let (running, address) = start(App::new().get("/", events)).await;
        let mut stream = connect(address).await;
        ask(&mut stream, "/").await;
        let begun = until(&mut stream, "data: first\n\n\r\n").await;
        assert!(begun.contains("content-type: text/event-stream\r\n"), "{begun}");
        running.stop().await.expect("nobody holds it up");
        assert_eq!(until(&mut stream, "\r\n\r\n").await, "0\r\n\r\n");
        assert!(stream.read_u8().await.is_err(), "the connection ends");
    };
    timeout(Duration::from_secs(5), check).await.expect("it does not wait for the grace");
}
