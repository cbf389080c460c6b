//! The life of a connection.

use super::*;

#[tokio::test(start_paused = true)]
async fn http11_stays_and_serves_many_requests() {
    let mut peer = Peer::new(&cat());
    for _ in 0..100 {
        peer.send(get("/")).await;
        let answer = peer.answer().await;
        assert!(!answer.contains("connection:"), "{answer}");
    }
    assert!(peer.ended().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn close_is_heeded() {
    let mut peer = Peer::new(&cat());
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned() + &get("/")).await;
    let all = peer.rest().await;
    assert_eq!(all.matches("HTTP/1.1 200 OK").count(), 1, "{all}");
    assert!(all.contains("connection: close\r\n"));
}

#[tokio::test(start_paused = true)]
async fn http10_ends_unless_it_asks_to_stay() {
    let mut peer = Peer::new(&cat());
    peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    assert!(peer.answer().await.contains("connection: keep-alive\r\n"));
    peer.send("GET / HTTP/1.0\r\n\r\n").await;
    assert!(peer.rest().await.contains("connection: close\r\n"));
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let app = App::new().get("/{n}", |Path(n): Path<u64>| async move {
        if n % 3 == 0 {
            tokio::time::sleep(Duration::from_millis(10 - n)).await;
        }
        format!("<{n}>")
    });
    let mut peer = Peer::new(&app);
    peer.send((0..9).map(|n| get(&format!("/{n}"))).collect::<String>()).await;
    for n in 0..9 {
        assert!(peer.answer().await.ends_with(&format!("<{n}>")));
    }
}

#[tokio::test(start_paused = true)]
async fn answers_before_a_slow_handler_are_not_held_back() {
    let app = cat().get("/never", std::future::pending::<()>);
    let mut peer = Peer::new(&app);
    peer.send(get("/") + &get("/never")).await;
    assert_eq!(status(&peer.answer().await), "200");
}

#[tokio::test(start_paused = true)]
async fn continue_is_sent_when_the_body_is_wanted() {
    let mut peer = Peer::new(&cat());
    peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
    assert_eq!(peer.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("Meow").await;
    assert!(peer.answer().await.ends_with("Meow"));
}

#[tokio::test(start_paused = true)]
async fn continue_is_not_sent_when_nobody_wants_the_body() {
    let mut peer = Peer::new(&cat());
    peer.send("POST /dog HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
    let answer = peer.rest().await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_body_in_many_pieces_is_joined() {
    let peer = Peer::with_room(&cat(), 1000);
    let body = "0123456789".repeat(20_000);
    let (mut reader, mut writer) = tokio::io::split(peer.stream);
    let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let sending = spawn(async move { writer.write_all(request.as_bytes()).await });
    let mut answer = vec![0; body.len()];
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(reader.read_u8().await.expect("the head comes"));
    }
    answer.resize(body.len(), 0);
    reader.read_exact(&mut answer).await.expect("the body comes");
    assert!(answer == body.as_bytes());
    sending.await.expect("no panic").expect("all is sent");
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_in_single_bytes_is_joined() {
    let mut peer = Peer::new(&cat());
    let request = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nMeo\r\n1;x\r\nw\r\n0\r\nT: v\r\n\r\n";
    for byte in request.bytes() {
        peer.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(peer.answer().await.ends_with("Meow"));
    peer.send(get("/")).await;
    assert_eq!(status(&peer.answer().await), "200");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_ends_the_connection() {
    let mut peer = Peer::new(&cat());
    peer.send("GET / HTTP/1.1\r\n\r\n".to_owned() + &get("/")).await;
    let all = peer.rest().await;
    assert!(all.starts_with("HTTP/1.1 400") && all.contains("connection: close\r\n"), "{all}");
    assert_eq!(all.matches("HTTP/1.1").count(), 1, "{all}");
}

#[tokio::test(start_paused = true)]
async fn a_body_shorter_than_announced_is_a_400() {
    let answer = ask(&cat(), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nMeow").await;
    assert_eq!(status(&answer), "400");
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_after_its_last_request() {
    let lifespan = Lifespan { requests: Some(3), age: None };
    let mut peer = Peer::with_lifespan(&cat(), lifespan);
    peer.send(get("/").repeat(5)).await;
    let rest = peer.rest().await;
    assert_eq!(rest.matches("HTTP/1.1 200").count(), 3, "{rest}");
    assert_eq!(rest.matches("connection: close").count(), 1, "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_beyond_its_age_ends_with_the_next_answer() {
    let lifespan = Lifespan { requests: None, age: Some(100_000) };
    let mut peer = Peer::with_lifespan(&cat(), lifespan);
    let mut seconds = 0;
    loop {
        peer.send(get("/")).await;
        if peer.answer().await.contains("connection: close") {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        seconds += 1;
    }
    assert!((89..=111).contains(&seconds), "{seconds}");
    assert_eq!(peer.rest().await, "");
}

#[tokio::test]
async fn an_idle_connection_is_small() {
    let (clock, _ticking) = Clock::new();
    let routes = Arc::new(cat().build().expect("the routes are valid"));
    let (limits, timeouts, lifespan) = (Limits::default(), Timeouts::default(), Lifespan::default());
    let site = Arc::new(Site { routes, limits, timeouts, clock, lifespan });
    let (_stream, server) = duplex(1);
    let stop = CancellationToken::new();
    let drain = TokenDrain(stop.clone(), Box::pin(stop.cancelled_owned()));
    let size = size_of_val(&connection::serve(server, None, site, drain));
    assert!(size <= 800, "{size}");
}
