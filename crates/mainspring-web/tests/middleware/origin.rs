//! Requests of other sites.

use std::time::Duration;

use mainspring_web::middleware::{Cors, Csrf, CsrfToken};
use mainspring_web::{App, Error, Method, StatusCode};

use crate::site::Site;

async fn meow() -> &'static str {
    "Meow."
}

const OURS: (&str, &str) = ("origin", "https://example.com");

async fn cors_site() -> Result<Site, Error> {
    let cors = Cors::origins(["https://example.com"])?
        .methods([Method::GET, Method::PUT])
        .headers(["x-one", "content-type"])?
        .expose(["x-total"])?
        .credentials()?
        .max_age(Duration::from_mins(1))
        .private_network();
    Ok(Site::start(App::new().middleware(cors).get("/", meow)).await)
}

#[tokio::test]
async fn a_preflight_is_answered_without_the_handler() -> Result<(), Error> {
    let site = cors_site().await?;
    let headers = [
        OURS,
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-one"),
        ("access-control-request-private-network", "true"),
    ];
    let answer = site.ask("OPTIONS", "/", &headers, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://example.com"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-one, content-type"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-max-age"), Some("60"));
    assert_eq!(answer.header("access-control-allow-private-network"), Some("true"));
    assert_eq!(answer.header("allow"), None);
    assert!(answer.all("vary").is_some_and(|vary| vary.contains("origin")));
    Ok(())
}

#[tokio::test]
async fn a_preflight_of_a_stranger_allows_nothing() -> Result<(), Error> {
    let site = cors_site().await?;
    let headers = [("origin", "https://evil.example"), ("access-control-request-method", "PUT")];
    let answer = site.ask("OPTIONS", "/", &headers, b"").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("access-control-allow-methods"), None);
    Ok(())
}

#[tokio::test]
async fn an_answer_is_labelled_for_the_origin_and_varies_by_it() -> Result<(), Error> {
    let site = cors_site().await?;
    for path in ["/", "/nothing"] {
        let answer = site.get_with(path, &[OURS]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://example.com"), "{path}");
        assert_eq!(answer.header("access-control-expose-headers"), Some("x-total"), "{path}");
    }
    for headers in [&[][..], &[("origin", "https://evil.example")][..]] {
        let answer = site.get_with("/", headers).await;
        assert_eq!((answer.text(), answer.header("vary")), ("Meow.", Some("origin")));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    Ok(())
}

#[tokio::test]
async fn an_open_api_is_the_same_for_all_origins() {
    let cors = Cors::any().any_method().any_header();
    let site = Site::start(App::new().middleware(cors).get("/", meow)).await;
    let answer = site.get_with("/", &[OURS]).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("vary"), None);
    let headers =
        [OURS, ("access-control-request-method", "PATCH"), ("access-control-request-headers", "x-a, x-b")];
    let answer = site.ask("OPTIONS", "/", &headers, b"").await;
    assert_eq!(answer.header("access-control-allow-methods"), Some("PATCH"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-a, x-b"));
}

#[tokio::test]
async fn options_that_is_no_preflight_reaches_the_app() -> Result<(), Error> {
    let answer = cors_site().await?.ask("OPTIONS", "/", &[OURS], b"").await;
    assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
    Ok(())
}

#[test]
fn credentials_for_any_origin_are_refused() {
    let error = Cors::any().credentials().expect_err("every site could act for its visitors");
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error.to_string().contains("name the origins"), "{error}");
}

type Headers = &'static [(&'static str, &'static str)];

async fn csrf_site() -> Result<Site, Error> {
    let csrf = Csrf::new().trust("https://accounts.example")?.exempt("/hooks/*");
    let app = App::new().middleware(csrf).any("/", meow).post("/hooks/a", meow);
    Ok(Site::start(app).await)
}

#[tokio::test]
async fn changes_are_told_apart_by_fetch_metadata_and_then_by_origin() -> Result<(), Error> {
    let site = csrf_site().await?;
    let rows: [(&str, Headers, u16); 11] = [
        ("POST", &[("sec-fetch-site", "same-origin")], 200),
        ("POST", &[("sec-fetch-site", "none")], 200),
        ("POST", &[("sec-fetch-site", "cross-site")], 403),
        ("POST", &[("sec-fetch-site", "same-site")], 403),
        ("DELETE", &[("sec-fetch-site", "cross-site")], 403),
        ("GET", &[("sec-fetch-site", "cross-site")], 200),
        ("POST", &[("origin", "https://cats.example")], 200),
        ("POST", &[("origin", "https://cats.example:8443")], 403),
        ("POST", &[("origin", "null")], 403),
        ("POST", &[], 200),
        ("POST", &[("origin", "https://accounts.example"), ("sec-fetch-site", "cross-site")], 200),
    ];
    for (method, headers, status) in rows {
        assert_eq!(site.ask(method, "/", headers, b"").await.status, status, "{method} {headers:?}");
    }
    let answer = site.ask("POST", "/hooks/a", &[("sec-fetch-site", "cross-site")], b"").await;
    assert_eq!(answer.status, 200);
    Ok(())
}

#[test]
fn what_is_no_origin_cannot_be_trusted() {
    for origin in ["example.com", "https://", "https://a/b", "https://*.a"] {
        assert!(Csrf::new().trust(origin).is_err(), "{origin}");
    }
}

#[tokio::test]
async fn a_token_is_wanted_in_cookie_and_header() {
    let show = |token: CsrfToken| async move { token.as_str().to_owned() };
    let app = App::new().middleware(Csrf::new().with_token()).get("/", show).post("/", meow);
    let site = Site::start(app).await;
    let first = site.get("/").await;
    let cookie = first.header("set-cookie").expect("a cookie is set");
    assert!(cookie.ends_with("; Path=/; Secure; SameSite=Lax"), "{cookie}");
    let pair = cookie.split(';').next().expect("it has a value").to_owned();
    assert_eq!(pair, format!("__Host-csrf={}", first.text()));

    let ask = |headers: Vec<(&'static str, String)>| {
        let site = &site;
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            site.ask("POST", "/", &headers, b"").await
        }
    };
    let (cookie, token) = (("cookie", pair), first.text().to_owned());
    let answer = ask(vec![cookie.clone(), ("x-csrf-token", token.clone())]).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
    assert_eq!(ask(vec![cookie.clone()]).await.status, 403);
    assert_eq!(ask(vec![("x-csrf-token", token)]).await.status, 403);
    assert_eq!(ask(vec![cookie, ("x-csrf-token", "other".to_owned())]).await.status, 403);
}
