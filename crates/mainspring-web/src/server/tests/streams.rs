//! Answers that come piece by piece.

use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use http_body::Frame;
use tokio::sync::mpsc;

use super::*;
use crate::Body;

type Piece = Result<Bytes, Error>;

fn pieces(texts: &'static [&'static str]) -> impl Stream<Item = Piece> + Send {
    stream::iter(texts.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))))
}

/// An app whose answer is what comes out of the channel.
fn channel() -> (mpsc::Sender<Piece>, App) {
    let (sender, receiver) = mpsc::channel(1);
    let receiver = Mutex::new(Some(receiver));
    let app = cat().get("/stream", move || {
        let mut receiver = receiver.lock().expect("no panic").take().expect("it is called once");
        async move { Body::stream(stream::poll_fn(move |cx| receiver.poll_recv(cx))) }
    });
    (sender, app)
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_chunked_and_the_connection_goes_on() {
    let app = cat().get("/stream", || async { Body::stream(pieces(&["Me", "", "ow", "0123456789abcdef!"])) });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream") + &get("/")).await;
    let head = peer.answer().await;
    assert!(
        head.contains("\r\ntransfer-encoding: chunked\r\n") && !head.contains("content-length"),
        "{head}"
    );
    let expected = "2\r\nMe\r\n2\r\now\r\n11\r\n0123456789abcdef!\r\n0\r\n\r\n";
    let mut body = vec![0; expected.len()];
    peer.stream.read_exact(&mut body).await.expect("the body comes");
    assert_eq!(String::from_utf8_lossy(&body), expected);
    assert!(peer.answer().await.ends_with("Meow."));
}

#[tokio::test(start_paused = true)]
async fn a_piece_goes_out_as_soon_as_it_is_there() {
    let (sender, app) = channel();
    let mut peer = Peer::new(&app);
    peer.send(get("/stream")).await;
    peer.answer().await;
    for text in ["one", "two"] {
        sender.send(Ok(text.into())).await.expect("it is polled");
        let mut piece = [0; 8];
        peer.stream.read_exact(&mut piece).await.expect("it comes");
        assert_eq!(&piece, format!("3\r\n{text}\r\n").as_bytes());
        tokio::time::sleep(Duration::from_secs(1000)).await;
    }
    drop(sender);
    let mut end = [0; 5];
    peer.stream.read_exact(&mut end).await.expect("it comes");
    assert_eq!(&end, b"0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_known_length_has_it_in_its_head() {
    let app = cat().get("/stream", || async { Body::sized(4, pieces(&["Me", "ow"])) });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream") + &get("/")).await;
    assert!(peer.answer().await.ends_with("\r\n\r\nMeow"));
    assert_eq!(status(&peer.answer().await), "200");
}

#[tokio::test(start_paused = true)]
async fn a_stream_shorter_than_promised_ends_the_connection() {
    let app = cat().get("/stream", || async { Body::sized(9, pieces(&["Me", "ow"])) });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream") + &get("/")).await;
    let rest = peer.rest().await;
    assert!(rest.contains("content-length: 9\r\n") && rest.ends_with("\r\n\r\nMeow"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_longer_than_promised_ends_the_connection() {
    let app = cat().get("/stream", || async { Body::sized(4, pieces(&["Me", "ow", "!"])) });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream") + &get("/")).await;
    let rest = peer.rest().await;
    assert!(rest.ends_with("\r\n\r\nMeow"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_stream_leaves_the_answer_without_its_last_chunk() {
    let app = cat().get("/stream", || async {
        let broken = stream::once(async { Err(Error::from(io::Error::other("no more"))) });
        Body::stream(pieces(&["Me"]).chain(broken))
    });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream") + &get("/")).await;
    let rest = peer.rest().await;
    assert!(rest.starts_with("HTTP/1.1 200") && rest.ends_with("\r\n\r\n2\r\nMe\r\n"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_stream_leaves_the_answer_without_its_last_chunk() {
    let app = cat().get("/stream", || async {
        Body::stream(pieces(&["Me"]).chain(stream::poll_fn(|_| -> Poll<Option<Piece>> { panic!("it fell") })))
    });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream")).await;
    let rest = peer.rest().await;
    assert!(rest.starts_with("HTTP/1.1 200") && !rest.ends_with("0\r\n\r\n"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn http10_gets_a_stream_up_to_the_end_of_the_connection() {
    let app = cat().get("/stream", || async { Body::stream(pieces(&["Me", "ow"])) });
    let mut peer = Peer::new(&app);
    peer.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    let rest = peer.rest().await;
    assert!(rest.contains("connection: close\r\n") && !rest.contains("transfer-encoding"), "{rest}");
    assert!(rest.ends_with("\r\n\r\nMeow"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn head_drops_the_stream_unpolled() {
    let polled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polled);
    let app = cat().get("/stream", move || {
        let counter = Arc::clone(&counter);
        async move {
            Body::stream(stream::poll_fn(move |_| {
                counter.fetch_add(1, Ordering::Relaxed);
                Poll::Ready(None::<Piece>)
            }))
        }
    });
    let mut peer = Peer::new(&app);
    peer.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n".to_owned() + &get("/")).await;
    assert!(peer.answer().await.contains("transfer-encoding: chunked"));
    assert!(peer.answer().await.ends_with("Meow."));
    assert_eq!(polled.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn statuses_without_a_body_drop_the_stream() {
    let app = cat().get("/stream", || async { (StatusCode::NO_CONTENT, Body::stream(pieces(&["Meow"]))) });
    let mut peer = Peer::new(&app);
    peer.send(get("/stream") + &get("/")).await;
    let answer = peer.answer().await;
    assert!(answer.starts_with("HTTP/1.1 204") && !answer.contains("transfer-encoding"), "{answer}");
    assert!(peer.answer().await.ends_with("Meow."));
}

/// Two pieces and a trailer.
struct Trailing(u8);

impl http_body::Body for Trailing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0 += 1;
        Poll::Ready(match self.0 {
            1 => Some(Ok(Frame::data("Meow".into()))),
            2 => {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-sum", http::HeaderValue::from_static("7"));
                Some(Ok(Frame::trailers(trailers)))
            }
            _ => None,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn trailers_go_to_those_who_take_them() {
    let app = cat().get("/stream", || async { Body::wrap(Trailing(0)) });
    for (headers, end) in [
        ("TE: trailers\r\nConnection: TE\r\n", "4\r\nMeow\r\n0\r\nx-sum: 7\r\n\r\n"),
        ("", "4\r\nMeow\r\n0\r\n\r\n"),
    ] {
        let mut peer = Peer::new(&app);
        peer.send(format!("GET /stream HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        peer.stream.shutdown().await.expect("the server reads");
        let rest = peer.rest().await;
        assert!(rest.ends_with(&format!("\r\n\r\n{end}")), "{rest}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_polled_only_as_fast_as_the_client_reads() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let app = App::new().get("/", move || {
        let counter = Arc::clone(&counter);
        let endless = stream::repeat_with(move || {
            counter.fetch_add(1000, Ordering::Relaxed);
            Ok::<_, Error>(vec![b'x'; 1000])
        });
        async { Body::stream(endless) }
    });
    let mut peer = Peer::with_room(&app, 1000);
    peer.send(get("/")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let first = made.load(Ordering::Relaxed);
    assert!(first < 100_000, "{first}");
    let mut taken = vec![0; 500_000];
    peer.stream.read_exact(&mut taken).await.expect("it goes on");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = made.load(Ordering::Relaxed);
    assert!((400_000..650_000).contains(&second), "{second}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_of_a_stream_ends_after_30_seconds() {
    let app =
        App::new().get("/", || async { Body::stream(stream::repeat_with(|| Ok::<_, Error>(vec![0; 5000]))) });
    let mut peer = Peer::with_room(&app, 1000);
    let start = tokio::time::Instant::now();
    peer.send(get("/")).await;
    let error = peer.task.await.expect("no panic").expect_err("it stalls");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let seconds = start.elapsed().as_secs_f64();
    assert!((30.0..31.0).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn large_pieces_and_small_ones_keep_their_order() {
    let sizes = [1, 20_000, 3, 40_000, 50_000, 2, 100_000, 9_000, 17_000, 17_000, 5];
    let app = App::new().get("/", move || async move {
        let total = sizes.iter().sum::<usize>() as u64;
        let pieces = sizes.into_iter().zip(b'a'..).map(|(size, letter)| Ok::<_, Error>(vec![letter; size]));
        Body::sized(total, stream::iter(pieces))
    });
    let expected: String =
        sizes.into_iter().zip('a'..).map(|(size, letter)| letter.to_string().repeat(size)).collect();
    for room in [700, 1_000_000] {
        let mut peer = Peer::with_room(&app, room);
        peer.send(get("/")).await;
        assert!(peer.answer().await.split_once("\r\n\r\n").expect("there is a head").1 == expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_goes_both_ways_at_once() {
    let app = App::new().post("/", |body: Body| async { body });
    let mut peer = Peer::new(&app);
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    assert!(peer.answer().await.contains("transfer-encoding: chunked"));
    for text in ["one", "two", "six"] {
        let chunk = format!("3\r\n{text}\r\n");
        peer.send(&chunk).await;
        let mut echo = [0; 8];
        peer.stream.read_exact(&mut echo).await.expect("it comes back");
        assert_eq!(&echo, chunk.as_bytes());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    peer.send("0\r\n\r\n").await;
    let mut end = [0; 5];
    peer.stream.read_exact(&mut end).await.expect("it comes back");
    assert_eq!(&end, b"0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_large_echo_passes_through_small_pipes() {
    let peer = Peer::with_room(&App::new().post("/", |body: Body| async { body }), 1000);
    let body = "0123456789".repeat(100_000);
    let (mut reader, mut writer) = tokio::io::split(peer.stream);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let sending = spawn(async move { writer.write_all(request.as_bytes()).await });
    let mut answer = String::new();
    reader.read_to_string(&mut answer).await.expect("it comes back");
    assert!(answer.ends_with(&body));
    sending.await.expect("no panic").expect("all is taken");
}

#[tokio::test(start_paused = true)]
async fn an_echo_asks_for_the_body_before_its_head() {
    let mut peer = Peer::new(&App::new().post("/", |body: Body| async { body }));
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
    assert_eq!(peer.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("Meow").await;
    assert!(peer.answer().await.ends_with("Meow"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_while_the_server_stops() {
    let (sender, app) = channel();
    let mut peer = Peer::new(&app);
    peer.send(get("/stream")).await;
    peer.answer().await;
    peer.stop.cancel();
    tokio::time::sleep(Duration::from_secs(20)).await;
    sender.send(Ok("late".into())).await.expect("it is polled");
    drop(sender);
    assert_eq!(peer.rest().await, "4\r\nlate\r\n0\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_wakes_itself_gives_way_to_others() {
    let app = App::new().get("/", || async {
        let restless = stream::poll_fn(|cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::<Option<Piece>>::Pending
        });
        Body::stream(restless)
    });
    let mut peer = Peer::new(&app);
    peer.send(get("/")).await;
    peer.answer().await;
    let mut turns = 0;
    poll_fn(|cx| {
        turns += 1;
        cx.waker().wake_by_ref();
        if turns == 100 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
