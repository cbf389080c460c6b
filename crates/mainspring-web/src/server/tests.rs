//! Connections over an in-memory pipe, with the clock held.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use mainspring_task::{Task, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::clock::Clock;
use super::connection;
use super::drain::Drain;
use super::exchange::Site;
use super::timeouts::Timeouts;
use crate::http1::Limits;
use crate::{App, Error, Json, Path, Query, Request, Response, State, StatusCode};

struct TokenDrain(CancellationToken, Pin<Box<WaitForCancellationFutureOwned>>);

impl Drain for TokenDrain {
    fn is_stopping(&self) -> bool {
        self.0.is_cancelled()
    }

    fn is_handover(&self) -> bool {
        false
    }

    fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_cancelled() { Poll::Ready(()) } else { self.1.as_mut().poll(cx) }
    }
}

struct Peer {
    stream: DuplexStream,
    stop: CancellationToken,
    task: Task<io::Result<()>>,
}

impl Peer {
    /// Connects to a fresh server of the app.
    fn new(app: &App) -> Self {
        Self::with_room(app, 1024 * 1024)
    }

    /// The same, with a pipe that holds `room` bytes.
    fn with_room(app: &App, room: usize) -> Self {
        Self::with(app, room, Timeouts::default())
    }

    fn with(app: &App, room: usize, timeouts: Timeouts) -> Self {
        let (clock, ticking) = Clock::new();
        spawn(ticking).detach();
        let routes = Arc::new(app.build().expect("the routes are valid"));
        let site = Site { routes, limits: Limits::default(), timeouts, clock };
        let (stream, server) = duplex(room);
        let stop = CancellationToken::new();
        let drain = TokenDrain(stop.clone(), Box::pin(stop.clone().cancelled_owned()));
        let task = spawn(connection::serve(server, None, Arc::new(site), drain));
        Self { stream, stop, task }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    /// Everything until the server ends the connection.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.expect("the server ends in order");
        String::from_utf8(bytes).expect("the answer is text")
    }

    /// One answer, body included.
    async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.stream.read_u8().await.expect("the head is whole"));
        }
        let head = String::from_utf8(bytes).expect("the head is text");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("digits"))];
        self.stream.read_exact(&mut body).await.expect("the body is whole");
        head + &String::from_utf8(body).expect("the body is text")
    }

    async fn ended(self) -> io::Result<()> {
        drop(self.stream);
        self.task.await.expect("the connection's task neither panics nor is cancelled")
    }
}

/// One request on a connection of its own.
async fn ask(app: &App, request: &str) -> String {
    let mut peer = Peer::new(app);
    peer.send(request).await;
    peer.stream.shutdown().await.expect("the server reads");
    peer.rest().await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

fn cat() -> App {
    App::new()
        .get("/", || async { "Meow." })
        .get("/hello/{name}", |Path(name): Path<String>| async move { format!("Hello, {name}!") })
        .post("/echo", |request: Request| async move { request.into_body() })
}

mod answers {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_route_answers() {
        let answer = ask(&cat(), &get("/")).await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"),
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\nMeow."), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_a_date_and_no_server_header() {
        let answer = ask(&cat(), &get("/")).await;
        assert!(answer.contains("\r\ndate: ") && !answer.to_lowercase().contains("\r\nserver:"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_path_is_a_404() {
        assert_eq!(status(&ask(&cat(), &get("/dog")).await), "404");
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_path_with_another_method_is_a_405_with_allow() {
        let answer = ask(&cat(), "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status(&answer), "405");
        assert!(answer.contains("\r\nallow: GET, HEAD, OPTIONS\r\n"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn options_tell_the_methods() {
        let answer = ask(&cat(), "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status(&answer), "204");
        assert!(answer.contains("\r\nallow: OPTIONS, POST\r\n"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn options_of_the_server_are_answered() {
        assert_eq!(status(&ask(&cat(), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").await), "204");
    }

    #[tokio::test(start_paused = true)]
    async fn head_is_get_without_the_body() {
        let answer = ask(&cat(), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_parameter_is_decoded() {
        assert!(ask(&cat(), &get("/hello/M%C3%BCsli%20Cat")).await.ends_with("Hello, Müsli Cat!"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_parameter_that_is_not_utf8_is_a_400_that_names_it() {
        let answer = ask(&cat(), &get("/hello/%ff")).await;
        assert_eq!(status(&answer), "400");
        assert!(answer.contains("`name`"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_absolute_form_finds_the_route() {
        assert_eq!(status(&ask(&cat(), &get("http://example.org")).await), "200");
        assert_eq!(status(&ask(&cat(), &get("http://example.org/hello/a?b")).await), "200");
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_goes_out_whole() {
        let app = App::new().get("/", || async { "x".repeat(1_000_000) });
        let mut peer = Peer::with_room(&app, 1000);
        peer.send(get("/").repeat(2)).await;
        for _ in 0..2 {
            assert!(peer.answer().await.ends_with(&"x".repeat(1_000_000)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_500_and_the_connection_goes_on() {
        async fn fall() -> &'static str {
            panic!("the cat fell")
        }
        let app = cat().get("/fall", fall).get("/late", || async {
            tokio::task::yield_now().await;
            fall().await
        });
        let mut peer = Peer::new(&app);
        peer.send(get("/fall") + &get("/late") + &get("/")).await;
        assert_eq!(status(&peer.answer().await), "500");
        assert_eq!(status(&peer.answer().await), "500");
        assert_eq!(status(&peer.answer().await), "200");
    }
}

mod extractors {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Ids {
        user: u64,
        post: String,
    }

    fn app() -> App {
        App::new()
            .state("shared".to_owned())
            .get("/one/{id}", |Path(id): Path<u64>| async move { id.to_string() })
            .get("/two/{user}/{post}", |Path((user, post)): Path<(u64, String)>| async move {
                format!("{user} {post}")
            })
            .get("/named/{post}/{user}", |Path(ids): Path<Ids>| async move { format!("{} {}", ids.user, ids.post) })
            .get("/rest/{*path}", |Path(path): Path<String>| async move { path })
            .get("/all/{id}", |State(text): State<String>, Path(id): Path<u8>, Query(q): Query<Ids>, r: Request| async move {
                format!("{text} {id} {} {} {:?}", q.user, q.post, r.pattern())
            })
            .post("/json", |Json(values): Json<Vec<u64>>| async move { Json(values.iter().sum::<u64>()) })
            .post("/text", |text: String| async move { text })
            .get("/header", |headers: crate::Headers| async move { headers.first("x-cat").map(str::to_owned) })
            .get("/fails", || async { Err::<(), _>(Error::from(io::Error::other("secret"))) })
            .get("/see", || async { Response::new(StatusCode::SEE_OTHER).with_header("location", "/") })
    }

    async fn body(request: &str) -> String {
        let answer = ask(&app(), request).await;
        assert_eq!(status(&answer), "200", "{answer}");
        answer.split_once("\r\n\r\n").expect("there is a head").1.to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn path_as_one_value_tuple_struct_and_tail() {
        assert_eq!(body(&get("/one/7")).await, "7");
        assert_eq!(body(&get("/two/7/a%2Fb")).await, "7 a/b");
        assert_eq!(body(&get("/named/a/7")).await, "7 a");
        assert_eq!(body(&get("/rest/a/b/c")).await, "a/b/c");
    }

    #[tokio::test(start_paused = true)]
    async fn several_extractors_at_once() {
        assert_eq!(body(&get("/all/3?user=5&post=x")).await, "shared 3 5 x Some(\"/all/{id}\")");
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_that_does_not_parse_is_a_400_that_names_the_parameter() {
        let answer = ask(&app(), &get("/one/seven")).await;
        assert_eq!(status(&answer), "400");
        assert!(answer.contains("`id`") && answer.contains("u64"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn json_goes_both_ways() {
        let request = "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n[1,2,3]";
        assert_eq!(body(request).await, "6");
    }

    #[tokio::test(start_paused = true)]
    async fn text_that_is_not_utf8_is_a_400() {
        let mut peer = Peer::new(&app());
        peer.send(b"POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na\xff").await;
        assert_eq!(status(&peer.answer().await), "400");
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_is_found_whatever_its_case() {
        assert_eq!(body("GET /header HTTP/1.1\r\nHost: a\r\nX-CAT: Tom \r\n\r\n").await, "Tom");
        assert_eq!(status(&ask(&app(), &get("/header")).await), "404");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_the_server_is_a_500_without_its_text() {
        let answer = ask(&app(), &get("/fails")).await;
        assert_eq!(status(&answer), "500");
        assert!(!answer.contains("secret"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn headers_of_the_handler_go_out() {
        assert!(ask(&app(), &get("/see")).await.contains("\r\nlocation: /\r\n"));
    }
}

mod connections {
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
        peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            .await;
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
        let request =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
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
}

mod times {
    use tokio::time::Instant;

    use super::*;

    async fn seconds_until_end(peer: &mut Peer) -> (String, f64) {
        let start = Instant::now();
        let rest = peer.rest().await;
        (rest, start.elapsed().as_secs_f64())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_ends_after_10_seconds() {
        let (rest, seconds) = seconds_until_end(&mut Peer::new(&cat())).await;
        assert_eq!(rest, "");
        assert!((10.0..11.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_in_drops_is_a_408_after_10_seconds() {
        let mut peer = Peer::new(&cat());
        peer.send(get("/")).await;
        peer.answer().await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let start = Instant::now();
        for byte in "GET / HTTP/1.1".bytes() {
            peer.send([byte]).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let rest = peer.rest().await;
        assert_eq!(status(&rest), "408", "{rest}");
        let seconds = start.elapsed().as_secs_f64();
        assert!((10.0..11.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_ends_after_75_seconds() {
        let mut peer = Peer::new(&cat());
        for _ in 0..3 {
            peer.send(get("/")).await;
            peer.answer().await;
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        peer.send(get("/")).await;
        peer.answer().await;
        let (rest, seconds) = seconds_until_end(&mut peer).await;
        assert_eq!(rest, "");
        assert!((75.0..76.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_a_408_after_30_seconds() {
        let mut peer = Peer::new(&cat());
        peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nMeow").await;
        let (rest, seconds) = seconds_until_end(&mut peer).await;
        assert_eq!(status(&rest), "408");
        assert!((30.0..31.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_in_drops_is_a_408() {
        let mut peer = Peer::new(&cat());
        let start = Instant::now();
        peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n").await;
        for _ in 0..7 {
            peer.send("x").await;
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        assert_eq!(status(&peer.rest().await), "408");
        let seconds = start.elapsed().as_secs_f64();
        assert!((30.0..31.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_ends_after_30_seconds() {
        let app = App::new().get("/", || async { "x".repeat(10_000) });
        let mut peer = Peer::with_room(&app, 500);
        let start = Instant::now();
        peer.send(get("/")).await;
        let error = peer.task.await.expect("no panic").expect_err("it stalls");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let seconds = start.elapsed().as_secs_f64();
        assert!((30.0..31.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn endless_timeouts_are_no_fault() {
        let endless = Duration::MAX;
        let timeouts =
            Timeouts { head: endless, idle: endless, body: endless, write: endless, ..Timeouts::default() };
        let mut peer = Peer::with(&cat(), 100, timeouts);
        for part in ["POST /echo HTTP/1.1\r\nHost: a\r\n", "Content-Length: 4\r\n\r\nMe", "ow"] {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            peer.send(part).await;
        }
        assert!(peer.answer().await.ends_with("Meow"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_handler_is_not_timed_out() {
        let app = App::new().get("/", || async {
            tokio::time::sleep(Duration::from_secs(600)).await;
            "late"
        });
        let mut peer = Peer::new(&app);
        peer.send(get("/")).await;
        assert!(peer.answer().await.ends_with("late"));
        let (_, seconds) = seconds_until_end(&mut peer).await;
        assert!((75.0..76.0).contains(&seconds), "the idle timer must be alive after it: {seconds}");
    }
}

mod drains {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_ends_at_once() {
        let mut peer = Peer::new(&cat());
        peer.send(get("/")).await;
        peer.answer().await;
        tokio::task::yield_now().await;
        let start = tokio::time::Instant::now();
        peer.stop.cancel();
        assert_eq!(peer.rest().await, "");
        assert!(start.elapsed() < Duration::from_millis(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fresh_connection_ends_at_once() {
        let mut peer = Peer::new(&cat());
        tokio::task::yield_now().await;
        peer.stop.cancel();
        assert_eq!(peer.rest().await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_at_work_is_answered_with_close() {
        let app = App::new().get("/", || async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            "done"
        });
        let mut peer = Peer::new(&app);
        peer.send(get("/")).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.stop.cancel();
        let rest = peer.rest().await;
        assert!(rest.contains("connection: close\r\n") && rest.ends_with("done"), "{rest}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_has_begun_is_served() {
        let mut peer = Peer::new(&cat());
        peer.send("GET / HT").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.stop.cancel();
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.send("TP/1.1\r\nHost: a\r\n\r\n").await;
        let rest = peer.rest().await;
        assert!(rest.contains("connection: close\r\n") && rest.ends_with("Meow."), "{rest}");
    }

    /// How long a connection lives on after the stop when its client says no more.
    async fn seconds_after_stop(sent: &str) -> f64 {
        let mut peer = Peer::new(&App::new().post("/", |body: String| async { body }));
        peer.send(sent).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        peer.stop.cancel();
        let stopped = tokio::time::Instant::now();
        let rest = peer.rest().await;
        assert!(rest.starts_with("HTTP/1.1 408 "), "{rest}");
        stopped.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_stalls_is_given_up_after_2_seconds() {
        let seconds = seconds_after_stop("POST / HT").await;
        assert!((2.0..3.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up_after_2_seconds() {
        let seconds = seconds_after_stop("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab").await;
        assert!((2.0..3.0).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_during_a_handler_is_not_missed() {
        let app = App::new().get("/", || async { tokio::time::sleep(Duration::from_secs(5)).await });
        let mut peer = Peer::new(&app);
        for _ in 0..2 {
            peer.send(get("/")).await;
        }
        tokio::time::sleep(Duration::from_secs(7)).await;
        peer.stop.cancel();
        let rest = peer.rest().await;
        assert_eq!(rest.matches("HTTP/1.1 200 OK").count(), 2, "{rest}");
    }
}
