//! Who asks, and how often.

use mainspring_web::middleware::{BasicAuth, BearerAuth, Credentials, Identity, RateLimit, Token};
use mainspring_web::{App, Error, Request, StatusCode};

use crate::site::{Answer, Site};

async fn who(identity: Result<Identity, Error>) -> String {
    identity.map_or_else(|_| "nobody".to_owned(), |identity| identity.to_string())
}

async fn with(site: &Site, authorization: &str) -> Answer {
    site.get_with("/", &[("authorization", authorization)]).await
}

#[tokio::test]
async fn name_and_password_are_wanted() -> Result<(), Error> {
    let auth = BasicAuth::users("the \"cats\"", [("ada", "se:cret"), ("bob", "")])?;
    let site = Site::start(App::new().middleware(auth).get("/", who)).await;
    let answer = site.get("/").await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Basic realm=\"the \\\"cats\\\"\", charset=\"UTF-8\"")
    );
    // ada:se:cret, then the other ways to be wrong.
    assert_eq!(with(&site, "Basic YWRhOnNlOmNyZXQ=").await.text(), "ada");
    assert_eq!(with(&site, "basic YWRhOnNlOmNyZXQ=").await.text(), "ada");
    for wrong in ["Basic YWRhOndyb25n", "Basic YWRh", "Basic ???", "Basic", "Bearer YWRhOnNlOmNyZXQ="] {
        assert_eq!(with(&site, wrong).await.status, 401, "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn a_check_may_give_any_identity_or_an_error() -> Result<(), Error> {
    #[derive(Clone)]
    struct User(u64);
    async fn find(credentials: Credentials) -> Result<Option<User>, Error> {
        match credentials.name() {
            "ada" => Ok(Some(User(7))),
            "down" => Err(Error::new(StatusCode::SERVICE_UNAVAILABLE, "the database is down")),
            _ => Ok(None),
        }
    }
    let show =
        |request: Request| async move { request.extensions().get::<User>().map(|user| user.0.to_string()) };
    let site = Site::start(App::new().middleware(BasicAuth::new("a", find)?).get("/", show)).await;
    assert_eq!(with(&site, "Basic YWRhOg==").await.text(), "7");
    assert_eq!(with(&site, "Basic Ym9iOg==").await.status, 401);
    assert_eq!(with(&site, "Basic ZG93bjo=").await.status, 503);
    Ok(())
}

#[tokio::test]
async fn a_token_is_wanted() -> Result<(), Error> {
    let auth = BearerAuth::tokens("api", [("billing", "abc.def=="), ("mail", "ghi")])?;
    let site = Site::start(App::new().middleware(auth).get("/", who)).await;
    let missing = site.get("/").await;
    assert_eq!((missing.status, missing.header("www-authenticate")), (401, Some("Bearer realm=\"api\"")));
    let wrong = with(&site, "Bearer abc.deg==").await;
    assert_eq!(
        (wrong.status, wrong.header("www-authenticate")),
        (401, Some("Bearer realm=\"api\", error=\"invalid_token\""))
    );
    let malformed = with(&site, "Bearer a b").await;
    assert_eq!(
        (malformed.status, malformed.header("www-authenticate")),
        (400, Some("Bearer realm=\"api\", error=\"invalid_request\""))
    );
    assert_eq!(with(&site, "bearer abc.def==").await.text(), "billing");
    assert_eq!(with(&site, "Bearer ghi").await.text(), "mail");
    Ok(())
}

#[tokio::test]
async fn optional_lets_nobody_through_but_no_wrong_token() -> Result<(), Error> {
    let auth = BearerAuth::new("api", async |token: Token| token.is("right"))?.optional();
    let site = Site::start(App::new().middleware(auth).get("/", who)).await;
    assert_eq!(site.get("/").await.text(), "nobody");
    assert_eq!(with(&site, "Bearer right").await.status, 200);
    assert_eq!(with(&site, "Bearer wrong").await.status, 401);
    Ok(())
}

#[test]
fn a_realm_that_would_break_the_header_is_refused() {
    assert!(BasicAuth::users("a\r\nb", [("a", "b")]).is_err());
    assert!(BearerAuth::tokens("é", [("a", "b")]).is_err());
}

#[test]
fn secrets_do_not_print() {
    let shown = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = shown.clone();
    let auth = BearerAuth::new("a", move |token: Token| {
        seen.lock().expect("no panic").push_str(&format!("{token:?}"));
        std::future::ready(true)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it is made");
    runtime.block_on(async {
        let site = Site::start(App::new().middleware(auth.expect("the realm is text")).get("/", who)).await;
        with(&site, "Bearer hunter2").await;
    });
    assert_eq!(*shown.lock().expect("no panic"), "Token");
}

#[tokio::test]
async fn too_many_requests_are_429_with_the_time_to_wait() {
    let limit = RateLimit::per_minute(2).by_header("x-api-key");
    let site = Site::start(App::new().middleware(limit).get("/", || async { "Meow." })).await;
    let ask = async |key: &str| site.get_with("/", &[("x-api-key", key)]).await;
    let first = ask("a").await;
    assert_eq!((first.status, first.header("ratelimit-policy")), (200, Some("\"default\";q=2;w=60")));
    assert_eq!(first.header("ratelimit"), Some("\"default\";r=1;t=30"));
    ask("a").await;
    let third = ask("a").await;
    assert_eq!(third.status, 429);
    assert_eq!(third.header("retry-after"), Some("30"));
    assert_eq!(third.header("ratelimit"), Some("\"default\";r=0;t=30"));
    assert_eq!(ask("b").await.status, 200);
}

#[tokio::test]
async fn clients_are_told_apart_by_address_and_some_are_not_limited() {
    let by_peer = Site::start(App::new().middleware(RateLimit::per_minute(1)).get("/", || async {})).await;
    assert_eq!(by_peer.get("/").await.status, 200);
    assert_eq!(by_peer.get("/").await.status, 429);

    let key = |request: &Request| request.header("x-api-key").map(str::to_owned);
    let limit = RateLimit::per_minute(1).by(key);
    let site = Site::start(App::new().middleware(limit).get("/", || async {})).await;
    for _ in 0..5 {
        assert_eq!(site.get("/").await.status, 200);
    }
}
