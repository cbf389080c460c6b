//! What an orderly client sees.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body::Frame;
use mainspring_task::cancel::finally;
use mainspring_web::http1::Version;
use mainspring_web::{
    App, Body, Error, HttpServer, IntoResponse, Limits, Path, Response, StatusCode, Timeouts,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::{BOUND, Client, get, post, read, serve, start};

fn cat() -> App {
    App::new()
        .get("/", || async { "Meow." })
        .get("/hello/{name}", |Path(name): Path<String>| async move { format!("Hello, {name}!") })
        .get("/version", |request: mainspring_web::Request| async move {
            let version = match request.version() {
                Version::Http2 => "2",
                _ => "1",
            };
            format!("{version} {}", request.host().unwrap_or_default())
        })
        .post("/echo", |body: Body| async { body })
        .post("/size", |bytes: Bytes| async move { bytes.len().to_string() })
        .get("/panic", || async { panic!("a handler's own fault") as () })
        .get("/empty", || async { StatusCode::NO_CONTENT })
}

#[tokio::test]
async fn a_route_answers_with_type_length_and_date() {
    let (running, address) = start(cat()).await;
    let mut client = Client::connect(address).await;
    let answer = client.ask(get("/hello/B%C3%A9b%C3%A9")).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "Hello, Bébé!"));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["content-length"], "14");
    assert_eq!(answer.headers["date"].len(), 29);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn the_handler_sees_version_and_authority() {
    let (running, address) = start(cat()).await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask(get("/version")).await.text(), "2 cats.example");
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn http1_and_http2_share_a_port() {
    let (running, address) = start(cat()).await;
    let mut client = Client::connect(address).await;
    let old = mainspring_task::threaded(move || {
        use std::io::Read;
        let mut stream = std::net::TcpStream::connect(address).expect("it accepts");
        stream.write_all(b"GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        text
    });
    assert!(old.await.expect("it answers").ends_with("1 a"));
    assert_eq!(client.ask(get("/version")).await.text(), "2 cats.example");
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn a_preface_in_pieces_is_known() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (running, address) = start(cat()).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it accepts");
    stream.set_nodelay(true).expect("it is open");
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0" {
        stream.write_all(&[*byte]).await.expect("it reads");
        tokio::task::yield_now().await;
    }
    let mut header = [0; 9];
    timeout(BOUND, stream.read_exact(&mut header)).await.expect("in time").expect("settings come");
    assert_eq!(header[3], 4, "the first frame is SETTINGS");
    drop(stream);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn many_streams_are_served_at_once() {
    let (running, address) = start(cat()).await;
    let client = Client::connect(address).await;
    let asks = (0..100).map(|n| {
        let mut send =
            Client { send: client.send.clone(), connection: mainspring_task::spawn(async { Ok(()) }) };
        async move { send.ask(get(&format!("/hello/{n}"))).await.text().to_owned() }
    });
    let answers = futures_util::future::join_all(asks).await;
    assert!(answers.iter().enumerate().all(|(n, text)| *text == format!("Hello, {n}!")));
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn large_bodies_pass_both_ways_through_the_windows() {
    let (running, address) = start(cat().post("/large", |body: Body| async { body })).await;
    let mut client = Client::connect(address).await;
    let body: Vec<u8> = (0..1_500_000_u32).map(|n| (n % 251) as u8).collect();
    let asking = client.ask(post("/echo", body.clone()));
    let answer = timeout(BOUND, asking).await.expect("no window stays shut");
    assert!(answer.body == body);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_as_ever() {
    let (running, address) = start(cat()).await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask(get("/nothing")).await.status, StatusCode::NOT_FOUND);
    let answer = client.ask(post("/", "x")).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS");
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn head_and_204_have_no_body() {
    let (running, address) = start(cat()).await;
    let mut client = Client::connect(address).await;
    let mut request = get("/");
    *request.method_mut() = Method::HEAD;
    let answer = client.ask(request).await;
    assert_eq!((answer.headers["content-length"].to_str().ok(), answer.body.len()), (Some("5"), 0));
    let answer = client.ask(get("/empty")).await;
    assert_eq!(
        (answer.status, answer.headers.contains_key("content-length")),
        (StatusCode::NO_CONTENT, false)
    );
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn a_panic_costs_its_stream_alone() {
    let (running, address) = start(cat()).await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask(get("/panic")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(client.ask(get("/")).await.text(), "Meow.");
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn limits_hold_for_each_stream() {
    let limits = Limits { body: 1000, target: 100, headers: 10, ..Limits::default() };
    let (running, address) = serve(HttpServer::bind("127.0.0.1:0", cat()).limits(limits)).await;
    let mut client = Client::connect(address).await;
    // The length is known from the head.
    let mut request = post("/size", vec![b'a'; 1001]);
    request.headers_mut().insert("content-length", 1001.into());
    assert_eq!(client.ask(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // It is not.
    assert_eq!(client.ask(post("/size", vec![b'a'; 1001])).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(client.ask(post("/size", vec![b'a'; 1000])).await.text(), "1000");
    let long = "a".repeat(100);
    assert_eq!(client.ask(get(&format!("/{long}"))).await.status, StatusCode::URI_TOO_LONG);
    let mut request = get("/");
    for n in 0..11 {
        let name = http::HeaderName::try_from(format!("x-{n}")).expect("it is a name");
        request.headers_mut().insert(name, n.into());
    }
    assert_eq!(client.ask(request).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let echo = |mut body: Body| async move {
        let mut trailers = HeaderMap::new();
        while let Some(frame) =
            std::future::poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut body), cx)).await
        {
            if let Ok(found) = frame?.into_trailers() {
                trailers = found;
            }
        }
        let frames = [Ok::<_, Error>(Frame::data(Bytes::from("data"))), Ok(Frame::trailers(trailers))];
        Ok::<_, Error>(Body::wrap(Frames(frames.into_iter().collect())).into_response())
    };
    let (running, address) = start(App::new().post("/", echo)).await;
    let mut client = Client::connect(address).await;
    let request = Request::post("http://a/").body(()).expect("it is valid");
    let (response, mut stream) = client.send.send_request(request, false).expect("it is open");
    stream.send_data("x".into(), false).expect("it is open");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", 7.into());
    stream.send_trailers(trailers).expect("it is open");
    let answer = read(response.await.expect("it answers")).await.expect("it is whole");
    assert_eq!(answer.text(), "data");
    assert_eq!(answer.trailers.expect("they come")["x-sum"], "7");
    running.stop().await.expect("it stops in order");
}

struct Frames(std::collections::VecDeque<Result<Frame<Bytes>, Error>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Error>>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_reset() {
    let broken = || async {
        Body::stream(futures_util::stream::iter([Ok("half"), Err(Error::bad_request("no more"))]))
    };
    let (running, address) = start(App::new().get("/", broken)).await;
    let mut client = Client::connect(address).await;
    let outcome = match client.begin(get("/")).await {
        Ok(response) => read(response).await.err(),
        // The reset may overtake the head.
        Err(error) => Some(error),
    };
    assert!(outcome.is_some_and(|error| error.is_reset()));
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn a_reset_cancels_the_handler_of_a_safe_request() {
    let (sender, mut told) = mpsc::channel(1);
    let slow = move || {
        let sender = sender.clone();
        async move {
            let cleanup = async move {
                tokio::task::yield_now().await;
                let _heard = sender.send("cleaned").await;
            };
            finally(std::future::pending::<()>(), cleanup).await;
        }
    };
    let (running, address) = start(App::new().get("/", slow)).await;
    let mut client = Client::connect(address).await;
    let (response, mut stream) = client.send.send_request(get("/").map(|_| ()), true).expect("it is open");
    tokio::task::yield_now().await;
    client.ask(get("/nothing")).await;
    stream.send_reset(h2::Reason::CANCEL);
    drop(response);
    assert_eq!(timeout(BOUND, told.recv()).await.expect("in time"), Some("cleaned"));
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_a_503() {
    let timeouts = Timeouts { handler: Some(Duration::from_millis(20)), ..Timeouts::default() };
    let app = App::new().get("/", std::future::pending::<Response>);
    let (running, address) = serve(HttpServer::bind("127.0.0.1:0", app).timeouts(timeouts)).await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.ask(get("/")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn stopping_lets_streams_end_and_says_so() {
    let (sender, mut begun) = mpsc::channel(1);
    let (go, wait) = tokio::sync::watch::channel(false);
    let slow = move || {
        let (sender, mut wait) = (sender.clone(), wait.clone());
        async move {
            let _heard = sender.send(()).await;
            let _gone = wait.wait_for(|go| *go).await.map(|_| ());
            "late"
        }
    };
    let (running, address) = start(App::new().get("/", slow)).await;
    let mut client = Client::connect(address).await;
    let (response, _) = client.send.send_request(get("/").map(|_| ()), true).expect("it is open");
    begun.recv().await.expect("it begins");
    let stopping = mainspring_task::spawn(running.stop());
    tokio::task::yield_now().await;
    go.send_replace(true);
    let answer = read(response.await.expect("it answers")).await.expect("it is whole");
    assert_eq!(answer.text(), "late");
    timeout(BOUND, stopping).await.expect("in time").expect("no panic").expect("it stops in order");
    let ended = timeout(BOUND, client.connection).await.expect("in time").expect("no panic");
    ended.expect("the connection ends with GOAWAY, not with an error");
}

#[tokio::test]
async fn curl_speaks_it() {
    let (running, address) = start(cat()).await;
    let asked = mainspring_task::threaded(move || {
        std::process::Command::new("curl")
            .args([
                "--http2-prior-knowledge",
                "--silent",
                "--max-time",
                "10",
                "--write-out",
                " %{http_version}",
            ])
            .args(["--data-binary", "Meow.", &format!("http://{address}/echo")])
            .output()
    });
    match asked.await.expect("no panic") {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "Meow. 2"),
        Err(error) => eprintln!("curl is not here, so it was not asked: {error}"),
    }
    running.stop().await.expect("it stops in order");
}

#[tokio::test]
async fn a_feed_that_is_mapped_ends_with_the_server() {
    use futures_util::StreamExt as _;
    use futures_util::stream::{iter, pending};

    let feed = || async {
        let feed = Body::endless(iter([Ok::<_, Error>("meow")]).chain(pending()));
        let loud = |body: Body| body.map(|piece| piece.map(|piece| piece.to_ascii_uppercase()));
        feed.into_response().map_body(|body| Body::stream(loud(body)))
    };
    let (running, address) = start(App::new().get("/", feed)).await;
    let mut client = Client::connect(address).await;
    let response = client.begin(get("/")).await.expect("it answers");
    let reading = async {
        let (stopped, answer) = tokio::join!(running.stop(), read(response));
        stopped.expect("it stops in order");
        assert_eq!(answer.expect("the answer is whole").text(), "MEOW");
    };
    // Less than what is given to work that does not end.
    timeout(Duration::from_secs(5), reading).await.expect("nothing holds the stop up");
}
