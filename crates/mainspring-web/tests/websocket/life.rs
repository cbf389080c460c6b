//! The handshake, the heartbeat, the server's stop.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use mainspring_web::ws::{CloseCode, WebSocket, WebSocketUpgrade};
use mainspring_web::{App, Error, Hub, State};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::{BOUND, Client, PING, PONG, TEXT, frame, read_head, start, with_client};

#[tokio::test]
async fn the_first_offered_protocol_that_is_known_is_chosen() {
    with_client(|address| {
        let client =
            Client::open(address, "/", "Sec-WebSocket-Protocol: a, c\r\nSec-WebSocket-Protocol: b\r\n");
        assert!(client.head.contains("sec-websocket-protocol: c\r\n"), "{}", client.head);
        client.close();
        let client = Client::open(address, "/", "Sec-WebSocket-Protocol: x\r\n");
        assert!(!client.head.contains("sec-websocket-protocol"), "{}", client.head);
        client.close();
    })
    .await;
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    with_client(|address| {
        let ask = |origin: &str| {
            let mut stream = TcpStream::connect(address).expect("the server accepts");
            let request = format!(
                "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {origin}\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).expect("the server reads");
            read_head(&mut stream).get(9..12).map(ToOwned::to_owned)
        };
        assert_eq!(ask("http://dogs.example").as_deref(), Some("403"));
        assert_eq!(ask(&format!("http://{address}")).as_deref(), Some("101"));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_opens_nothing_is_a_426() {
    with_client(|address| {
        let mut stream = TcpStream::connect(address).expect("the server accepts");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("the server reads");
        let head = read_head(&mut stream);
        assert!(
            head.starts_with("HTTP/1.1 426 ") && head.contains("sec-websocket-version: 13\r\n"),
            "{head}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_comes_right_behind_the_request_is_not_lost() {
    with_client(|address| {
        let mut stream = TcpStream::connect(address).expect("the server accepts");
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let bytes = [request.into_bytes(), frame(TEXT, b"early")].concat();
        stream.write_all(&bytes).expect("the server reads");
        let head = read_head(&mut stream);
        let mut client = Client { frames: tungstenite::protocol::frame::FrameSocket::new(stream), head };
        client.expect(TEXT, b"early");
        client.close();
    })
    .await;
}

/// A server whose handler tells why its socket was closed.
fn telling(
    upgrade: impl Fn(WebSocketUpgrade) -> WebSocketUpgrade + Clone + Send + Sync + 'static,
) -> (App, oneshot::Receiver<CloseCode>) {
    let (sender, told) = oneshot::channel();
    let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
    let app = App::new().get("/", move |request: WebSocketUpgrade| {
        let (upgrade, sender) = (upgrade.clone(), sender.clone());
        async move {
            upgrade(request).on_upgrade(async move |mut socket: WebSocket| {
                while socket.receive().await.is_some() {}
                let code = socket.closed().map_or(CloseCode::NORMAL, |close| close.code);
                let sender = sender.lock().expect("nobody panicked").take();
                let _heard = sender.map(|sender| sender.send(code));
                Ok(())
            })
        }
    });
    (app, told)
}

#[tokio::test]
async fn a_silent_peer_is_pinged_and_given_up() {
    let (app, told) = telling(|upgrade| upgrade.heartbeat(Duration::from_millis(50)));
    let (running, address) = start(app).await;
    let client = mainspring_task::threaded(move || {
        let mut client = Client::open(address, "/", "");
        client.expect(PING, b"");
        client.bytes(&frame(PONG, b""), usize::MAX);
        client.expect(PING, b"");
        client
    });
    let client = client.await.expect("the pings come");
    let code = timeout(BOUND, told).await.expect("it does not wait for ever").expect("it is told");
    assert_eq!(code, CloseCode::ABNORMAL);
    drop(client);
    running.stop().await.expect("the server stops in order");
}

#[tokio::test]
async fn a_peer_that_vanishes_is_noticed() {
    let (app, told) = telling(|upgrade| upgrade);
    let (running, address) = start(app).await;
    let client = mainspring_task::threaded(move || Client::open(address, "/", ""));
    let mut client = client.await.expect("it opens");
    client.stream().shutdown(Shutdown::Both).expect("it is open");
    assert_eq!(timeout(BOUND, told).await.expect("in time").expect("it is told"), CloseCode::ABNORMAL);
    running.stop().await.expect("the server stops in order");
}

#[tokio::test]
async fn the_server_s_stop_says_farewell() {
    let (app, told) = telling(|upgrade| upgrade);
    let (running, address) = start(app).await;
    let client = mainspring_task::threaded(move || Client::open(address, "/", ""));
    let mut client = client.await.expect("it opens");
    let farewell = mainspring_task::threaded(move || {
        let (header, payload) = client.read().expect("a close comes");
        client.bytes(&frame(header.opcode, payload.get(..2).unwrap_or_default()), usize::MAX);
        client.expect_end();
        payload
    });
    timeout(BOUND, running.stop()).await.expect("nobody holds it up").expect("it stops in order");
    let payload = farewell.await.expect("it is read");
    assert_eq!(payload.get(..2), Some(&1001_u16.to_be_bytes()[..]));
    assert_eq!(told.await.expect("it is told"), CloseCode::AWAY);
}

#[tokio::test]
async fn a_socket_that_is_dropped_is_closed_in_order() {
    let app = App::new().get("/", |upgrade: WebSocketUpgrade| async {
        upgrade.on_upgrade(async |mut socket: WebSocket| {
            socket.send("bye").await?;
            Ok(())
        })
    });
    let (running, address) = start(app).await;
    let client = mainspring_task::threaded(move || {
        let mut client = Client::open(address, "/", "");
        client.expect(TEXT, b"bye");
        let (_, payload) = client.read().expect("a close comes");
        client.bytes(&frame(crate::support::CLOSE, &payload), usize::MAX);
        client.expect_end();
        payload
    });
    assert_eq!(client.await.expect("it is read"), 1000_u16.to_be_bytes());
    running.stop().await.expect("the server stops in order");
}

#[tokio::test]
async fn a_handler_that_fails_closes_with_1011() {
    let app = App::new().get("/", |upgrade: WebSocketUpgrade| async {
        upgrade.on_upgrade(async |_socket: WebSocket| Err(Error::bad_request("broken")))
    });
    let (running, address) = start(app).await;
    let client = mainspring_task::threaded(move || {
        let mut client = Client::open(address, "/", "");
        let (_, payload) = client.read().expect("a close comes");
        client.bytes(&frame(crate::support::CLOSE, payload.get(..2).unwrap_or_default()), usize::MAX);
        payload
    });
    let payload = client.await.expect("it is read");
    assert_eq!(payload.get(..2), Some(&1011_u16.to_be_bytes()[..]));
    running.stop().await.expect("the server stops in order");
}

#[tokio::test]
async fn a_hub_passes_what_one_says_to_all() {
    let chat = |State(hub): State<Hub<mainspring_web::ws::Message>>, upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(async move |mut socket: WebSocket| {
            let mut others = hub.listen();
            socket.send("welcome").await?;
            loop {
                tokio::select! {
                    said = socket.receive() => match said {
                        Some(message) => { hub.send(message); }
                        None => return Ok(()),
                    },
                    Some(Ok(message)) = others.next() => socket.send(message).await?,
                }
            }
        })
    };
    let (running, address) =
        start(App::new().state(Hub::<mainspring_web::ws::Message>::new(16)).get("/", chat)).await;
    let clients = mainspring_task::threaded(move || {
        let mut clients: Vec<Client> = (0..10).map(|_| Client::open(address, "/", "")).collect();
        for client in &mut clients {
            client.expect(TEXT, b"welcome");
        }
        clients[3].bytes(&frame(TEXT, b"Meow."), usize::MAX);
        for client in &mut clients {
            client.expect(TEXT, b"Meow.");
        }
        clients.into_iter().for_each(Client::close);
    });
    clients.await.expect("all hear it");
    running.stop().await.expect("the server stops in order");
}
