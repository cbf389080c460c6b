//! Forms, extractors and answers over a real socket.

use std::net::SocketAddr;
use std::time::Duration;

use mainspring_service::{Entrypoint, Running};
use mainspring_web::conditional::{ETag, Preconditions, Validators, Verdict};
use mainspring_web::middleware::ProblemDetails;
use mainspring_web::payload::{Payload, Registry};
use mainspring_web::{
    App, Attachment, Cookie, Cookies, Error, Form, Forwarded, Host, HttpServer, IntoResponse, JsonLines,
    MatchedPath, Method, Multipart, MultipartForm, MultipartLimits, Query, RawQuery, Redirect, Response,
    SetCookie, StatusCode, TrustedProxies, UploadedFile,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(20);

async fn start(app: App) -> (Running, SocketAddr) {
    let server = HttpServer::bind("127.0.0.1:0", app).name("forms");
    let running = Entrypoint::new("test").service(server).start().await.expect("the server starts");
    let address = running.address("forms").expect("the server listens");
    (running, address)
}

/// Sends requests one after the other and gives the answers, each on a connection of its own.
async fn ask<const N: usize>(app: App, requests: [Vec<u8>; N]) -> [String; N] {
    let check = async {
        let (running, address) = start(app).await;
        let mut answers = [const { String::new() }; N];
        for (answer, request) in answers.iter_mut().zip(requests) {
            let mut stream = TcpStream::connect(address).await.expect("the server accepts");
            stream.write_all(&request).await.expect("the server reads");
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.expect("the answer is whole");
            *answer = String::from_utf8_lossy(&bytes).into_owned();
        }
        running.stop().await.expect("it stops");
        answers
    };
    timeout(BOUND, check).await.expect("it does not hang")
}

fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, data) in parts {
        body.extend_from_slice(format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    request("POST /", "Content-Type: multipart/form-data; boundary=XX\r\n", &body)
}

#[track_caller]
fn assert_ends(answer: &str, status: &str, body: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
}

async fn list(mut form: Multipart) -> Result<String, Error> {
    let mut report = String::new();
    while let Some(part) = form.next().await? {
        let (name, file) = (part.name().to_owned(), part.filename().map(str::to_owned));
        report += &format!("{name} {file:?} {}\n", part.text().await?);
    }
    Ok(report)
}

#[tokio::test]
async fn a_form_is_read_part_by_part() {
    let parts: [(&str, &[u8]); 3] =
        [("name=\"a\"", b"one"), ("name=\"b\"; filename=\"f.txt\"", b"two\r\n"), ("name=c", b"")];
    let [answer] = ask(App::new().post("/", list), [multipart(&parts)]).await;
    assert_ends(&answer, "200", "a None one\nb Some(\"f.txt\") two\r\n\nc None \n");
}

#[tokio::test]
async fn parts_that_nobody_reads_are_passed_over() {
    let app = App::new().post("/", async |mut form: Multipart| {
        let mut count = 0;
        while form.next().await?.is_some() {
            count += 1;
        }
        Ok::<_, Error>(count.to_string())
    });
    let [answer] = ask(app, [multipart(&[("name=a", &[b'x'; 100_000]), ("name=b", b"y")])]).await;
    assert_ends(&answer, "200", "2");
}

#[tokio::test]
async fn a_form_that_ends_early_is_a_400() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf";
    let cut = request("POST /", "Content-Type: multipart/form-data; boundary=XX\r\n", body);
    let [answer] = ask(App::new().post("/", list), [cut]).await;
    assert_ends(&answer, "400", "bad multipart body: it ends early");
}

#[tokio::test]
async fn another_type_than_multipart_is_a_415() {
    let text = request("POST /", "Content-Type: text/plain\r\n", b"a");
    let [answer] = ask(App::new().post("/", list), [text]).await;
    assert_ends(&answer, "415", "the content type must be multipart/form-data, not text/plain");
}

#[tokio::test]
async fn more_parts_than_the_apps_limit_are_a_413() {
    let limits = MultipartLimits { parts: 1, ..MultipartLimits::default() };
    let app = App::new().state(limits).post("/", list);
    let [answer] = ask(app, [multipart(&[("name=a", b"1"), ("name=b", b"2")])]).await;
    assert_ends(&answer, "413", "the form has more than 1 parts");
}

#[derive(serde::Deserialize)]
struct Profile {
    name: String,
    age: Option<u8>,
    #[serde(default)]
    tags: Vec<String>,
    avatar: UploadedFile,
    #[serde(default)]
    photos: Vec<UploadedFile>,
    resume: Option<UploadedFile>,
}

async fn describe(MultipartForm(form): MultipartForm<Profile>) -> Result<String, Error> {
    let mut text = format!("{} {:?} {:?}", form.name, form.age, form.tags);
    for file in std::iter::once(&form.avatar).chain(&form.photos) {
        let bytes = file.bytes().await?;
        let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
        text += &format!(" {:?}/{}/{}/{sum}", file.filename(), file.len(), file.is_on_disk());
    }
    Ok(text + &format!(" {}", form.resume.is_none()))
}

#[tokio::test]
async fn a_typed_form_has_text_lists_and_files() {
    let large = vec![1; 1_500_000];
    let parts: [(&str, &[u8]); 8] = [
        ("name=\"name\"", "Ada Löwe".as_bytes()),
        ("name=\"tags\"", b"black"),
        ("name=\"age\"", b""),
        ("name=\"tags\"", b"white"),
        ("name=\"avatar\"; filename=\"a.png\"", &[2; 10]),
        ("name=\"photos\"; filename=\"b\"", &large),
        ("name=\"photos\"; filename=\"c\"", b""),
        ("name=\"resume\"; filename=\"\"", b""),
    ];
    let [answer] = ask(App::new().post("/", describe), [multipart(&parts)]).await;
    let files = "Some(\"a.png\")/10/false/20 Some(\"b\")/1500000/true/1500000 Some(\"c\")/0/false/0";
    assert_ends(&answer, "200", &format!("Ada Löwe None [\"black\", \"white\"] {files} true"));
}

#[tokio::test]
async fn fields_of_a_typed_form_are_named_in_errors() {
    type Row<'a> = (&'a [(&'a str, &'a [u8])], &'a str);
    let rows: [Row<'_>; 4] = [
        (&[("name=name", b"a")], "bad form: missing field `avatar`"),
        (&[("name=name", b"a"), ("name=avatar", b"x")], "bad form: `avatar` is text, but a file is wanted"),
        (&[("name=name; filename=f", b"a")], "bad form: `name` is a file, but text is wanted"),
        (&[("name=age", b"old")], "bad form: `age`: \"old\" is no u8"),
    ];
    for (parts, message) in rows {
        let [answer] = ask(App::new().post("/", describe), [multipart(parts)]).await;
        assert_ends(&answer, "400", message);
    }
}

#[tokio::test]
async fn text_beyond_its_limit_is_a_413() {
    let app =
        App::new().state(MultipartLimits { text: 10, ..MultipartLimits::default() }).post("/", describe);
    let [answer] = ask(app, [multipart(&[("name=name", b"12345"), ("name=tags", b"123456")])]).await;
    assert_ends(&answer, "413", "the text of the form up to the field `tags` is too large");
}

#[tokio::test]
async fn an_uploaded_file_is_saved_and_sent_on() {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("copy");
    let save = path.clone();
    let app = App::new().state(MultipartLimits { memory: 4, ..MultipartLimits::default() }).post(
        "/",
        move |MultipartForm(files): MultipartForm<Vec<(String, UploadedFile)>>| {
            let save = save.clone();
            async move {
                let (_, file) = files.into_iter().next().ok_or_else(|| Error::bad_request("no file"))?;
                file.save(&save).await?;
                // The position of the file is not where the last reader left it.
                file.save(&save).await?;
                let bytes = file.bytes().await?;
                Ok::<_, Error>((Attachment::named("f"), bytes))
            }
        },
    );
    let [answer] = ask(app, [multipart(&[("name=f; filename=f", b"longer than four")])]).await;
    assert_ends(&answer, "200", "longer than four");
    assert!(answer.contains("content-disposition: attachment; filename=\"f\"\r\n"), "{answer}");
    assert_eq!(std::fs::read(path).expect("it was saved"), b"longer than four");
}

#[tokio::test]
async fn a_form_of_curl_is_read() {
    let check = async {
        let (running, address) = start(App::new().post("/", list)).await;
        let mut curl = tokio::process::Command::new("curl");
        let url = format!("http://{address}/");
        curl.args(["-sS", "-F", "a=one", "-F", "b=two;type=text/plain;filename=\"q\\\"q\"", &url]);
        let output = curl.output().await.expect("curl is installed");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a None one\nb Some(\"q\\\"q\") two\n");
        running.stop().await.expect("it stops");
    };
    timeout(BOUND, check).await.expect("it does not hang");
}

#[derive(serde::Deserialize)]
struct Login {
    name: String,
    roles: Vec<u8>,
}

#[tokio::test]
async fn a_login_sets_a_cookie_and_redirects() {
    let app = App::new()
        .post("/login", async |Form(login): Form<Login>| {
            let cookie =
                Cookie::build(("name", format!("{} {:?}", login.name, login.roles))).path("/").build();
            (SetCookie(cookie), Redirect::see_other("/home"))
        })
        .get("/home", async |cookies: Cookies| cookies.get("name").unwrap_or("nobody").to_owned());
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let cookie = "Cookie: name=Ada%20%5B1%2C%202%5D\r\n";
    let [login, home, bad] = ask(
        app,
        [
            request("POST /login", form, b"name=Ada&roles=1&roles=2"),
            request("GET /home", cookie, b""),
            request("POST /login", form, b"name=Ada&roles=x"),
        ],
    )
    .await;
    assert!(login.starts_with("HTTP/1.1 303 "), "{login}");
    assert!(login.contains("location: /home\r\n"), "{login}");
    assert!(login.contains("set-cookie: name=Ada%20%5B1%2C%202%5D; Path=/\r\n"), "{login}");
    assert_ends(&home, "200", "Ada [1, 2]");
    assert_ends(&bad, "400", "bad form: `roles`: \"x\" is no u8");
}

#[tokio::test]
async fn eight_extractors_are_taken_in_one_handler() {
    #[expect(clippy::too_many_arguments, reason = "as many as there may be")]
    async fn all(
        method: Method,
        host: Host,
        MatchedPath(pattern): MatchedPath,
        RawQuery(query): RawQuery,
        Query(map): Query<std::collections::BTreeMap<String, Vec<u8>>>,
        forwarded: Forwarded,
        absent: Option<mainspring_web::Extension<u8>>,
        body: Option<Form<Login>>,
    ) -> String {
        let client = forwarded.client().map(|client| client.to_string());
        let (host, absent, body) = (host.name(), absent.is_none(), body.is_none());
        format!("{method} {host} {pattern} {query} {map:?} {client:?} {absent} {body}")
    }
    let app = App::new().state(TrustedProxies::new(["127.0.0.0/8"]).unwrap()).get("/{any}", all);
    let [answer] = ask(app, [request("GET /x?n=1&n=2", "X-Forwarded-For: 192.0.2.1\r\n", b"")]).await;
    assert_ends(&answer, "200", "GET a /{any} n=1&n=2 {\"n\": [1, 2]} Some(\"192.0.2.1\") true true");
}

struct Record(i64);

fn data() -> Payload {
    Payload::map([("data", Payload::new(Record(1)))])
}

#[tokio::test]
async fn an_apps_registry_serves_its_routes_and_the_rest_is_a_500() {
    let registry = Registry::new()
        .register_json(|record: &Record| Ok(Payload::map([("col", Payload::new(record.0))])))
        .register(|record: Record| (StatusCode::ACCEPTED, format!("record {}", record.0)));
    let routes = || App::new().get("/map", async || data()).get("/one", async || Payload::new(Record(2)));
    let requests = || [request("GET /map", "", b""), request("GET /one", "", b"")];
    let [map, one] = ask(routes().middleware(registry), requests()).await;
    assert!(map.contains("content-type: application/json\r\n"), "{map}");
    assert_ends(&map, "200", "{\"data\":{\"col\":1}}");
    assert_ends(&one, "202", "record 2");
    let [map, one] = ask(routes(), requests()).await;
    assert_ends(&map, "500", "Internal Server Error");
    assert_ends(&one, "500", "Internal Server Error");
}

#[tokio::test]
async fn problem_details_surround_an_app() {
    let app = || {
        App::new()
            .get("/bad", async || Err::<(), _>(Error::bad_request("no such page").with_header("x-why", "1")))
            .get("/html", async || (StatusCode::NOT_FOUND, mainspring_web::Html("<p>")))
    };
    let requests = |accept: &str| {
        ["/bad", "/gone", "/html"]
            .map(|path| request(&format!("GET {path}"), &format!("Accept: {accept}\r\n"), b""))
    };
    let [bad, gone, html] = ask(app().middleware(ProblemDetails::new()), requests("*/*")).await;
    assert_ends(&bad, "400", r#"{"title":"Bad Request","status":400,"detail":"no such page"}"#);
    assert!(
        bad.contains("x-why: 1\r\n") && bad.contains("content-type: application/problem+json\r\n"),
        "{bad}"
    );
    assert_ends(&gone, "404", r#"{"title":"Not Found","status":404,"detail":"there is nothing here"}"#);
    assert_ends(&html, "404", "<p>");
    let [text, ..] =
        ask(app().middleware(ProblemDetails::new().by_accept()), requests("text/html, */*")).await;
    assert_ends(&text, "400", "no such page");
    let [json, ..] =
        ask(app().middleware(ProblemDetails::new().by_accept()), requests("application/json")).await;
    assert!(json.contains("application/problem+json"), "{json}");
}

#[tokio::test]
async fn a_cached_version_is_not_sent_again() {
    async fn cat(preconditions: Preconditions) -> Result<Response, Error> {
        let validators = Validators::new().with_etag(ETag::strong("v1")?);
        let response = match preconditions.evaluate(&validators) {
            Verdict::Proceed => "Meow.".into_response(),
            refused => Response::new(refused.status().unwrap_or_default()),
        };
        validators.apply(response)
    }
    let [first, again] = ask(
        App::new().get("/", cat),
        [request("GET /", "", b""), request("GET /", "If-None-Match: W/\"v1\"\r\n", b"")],
    )
    .await;
    assert_ends(&first, "200", "Meow.");
    assert!(first.contains("etag: \"v1\"\r\n"), "{first}");
    assert_ends(&again, "304", "");
}

#[tokio::test]
async fn json_lines_are_streamed() {
    let app = App::new()
        .get("/", async || JsonLines(futures_util::stream::iter((1..=2).map(|n| Ok::<_, Error>([n])))));
    let [answer] = ask(app, [request("GET /", "", b"")]).await;
    assert!(answer.contains("content-type: application/x-ndjson\r\n"), "{answer}");
    assert!(answer.contains("[1]\n") && answer.contains("[2]\n"), "{answer}");
}
