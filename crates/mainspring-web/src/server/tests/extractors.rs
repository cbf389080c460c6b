//! What handlers take.

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
        .get(
            "/named/{post}/{user}",
            |Path(ids): Path<Ids>| async move { format!("{} {}", ids.user, ids.post) },
        )
        .get("/rest/{*path}", |Path(path): Path<String>| async move { path })
        .get(
            "/all/{id}",
            |State(text): State<String>, Path(id): Path<u8>, Query(q): Query<Ids>, r: Request| async move {
                format!("{text} {id} {} {} {:?}", q.user, q.post, r.pattern())
            },
        )
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
