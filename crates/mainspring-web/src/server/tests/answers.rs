//! Routes and their answers.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_route_answers() {
    let answer = ask(&cat(), &get("/")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n"), "{answer}");
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
