//! What is remembered, and what the client has already.

use std::time::Duration;

use mainspring_web::middleware::{ETags, MemorySessions, SameSite, Session, SessionKey, Sessions};
use mainspring_web::{App, Error, IntoResponse};

use crate::site::{Answer, Site};

async fn count(session: Session) -> Result<String, Error> {
    let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    Ok(visits.to_string())
}

async fn read(session: Session) -> Result<String, Error> {
    Ok(format!("{:?}", session.get::<u64>("visits")?))
}

async fn same(session: Session) -> Result<(), Error> {
    let visits = session.get::<u64>("visits")?;
    session.insert("visits", visits)
}

async fn renew(session: Session) {
    session.renew();
}

async fn clear(session: Session) {
    session.clear();
}

async fn site(sessions: Sessions) -> Site {
    let app = App::new().middleware(sessions).get("/count", count).get("/read", read).get("/same", same);
    Site::start(app.get("/renew", renew).get("/clear", clear).get("/none", || async {})).await
}

fn key(byte: u8) -> SessionKey {
    SessionKey::new(&[byte; 64]).expect("it is long enough")
}

/// The cookie that an answer sets, as a client sends it back.
fn cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie").expect("a cookie is set");
    line.split(';').next().expect("it has a value").to_owned()
}

async fn with(site: &Site, path: &str, cookie: &str) -> Answer {
    site.get_with(path, &[("cookie", &format!("other=1; {cookie}"))]).await
}

fn kinds() -> [Sessions; 3] {
    [Sessions::cookie(key(1)), Sessions::signed(key(1)), Sessions::store(MemorySessions::new())]
}

#[tokio::test]
async fn values_are_there_in_the_next_request() {
    for sessions in kinds() {
        let site = site(sessions).await;
        let first = site.get("/count").await;
        assert_eq!(first.text(), "1");
        let second = with(&site, "/count", &cookie(&first)).await;
        assert_eq!(second.text(), "2");
        assert_eq!(with(&site, "/read", &cookie(&second)).await.text(), "Some(2)");
        assert_eq!(site.get("/read").await.text(), "None");
    }
}

#[tokio::test]
async fn the_cookie_is_guarded_by_default() {
    let answer = site(Sessions::cookie(key(1))).await.get("/count").await;
    let line = answer.header("set-cookie").expect("a cookie is set");
    assert!(line.ends_with("; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"), "{line}");
    assert_eq!(answer.header("vary"), Some("cookie"));
}

#[tokio::test]
async fn the_cookie_can_be_another() -> Result<(), Error> {
    let sessions = Sessions::cookie(key(1)).name("sid")?.path("/cats")?.domain("example.com")?;
    let sessions = sessions.max_age(Duration::from_mins(1)).secure(false).same_site(SameSite::Strict);
    let answer = site(sessions).await.get("/count").await;
    let line = answer.header("set-cookie").expect("a cookie is set");
    assert!(line.starts_with("sid="), "{line}");
    assert!(
        line.ends_with("; Path=/cats; Max-Age=60; HttpOnly; Domain=example.com; SameSite=Strict"),
        "{line}"
    );
    Ok(())
}

#[tokio::test]
async fn the_cookie_is_set_only_when_something_changed() {
    for sessions in kinds() {
        let site = site(sessions).await;
        for path in ["/none", "/read", "/renew", "/clear"] {
            assert_eq!(site.get(path).await.header("set-cookie"), None, "{path}");
        }
        let first = site.get("/count").await;
        for path in ["/none", "/read", "/same"] {
            assert_eq!(with(&site, path, &cookie(&first)).await.header("set-cookie"), None, "{path}");
        }
        assert_eq!(with(&site, "/none", &cookie(&first)).await.header("vary"), None);
    }
}

#[tokio::test]
async fn a_session_that_is_cleared_is_gone_and_its_cookie_taken_back() {
    let store = MemorySessions::new();
    let site = site(Sessions::store(store.clone())).await;
    let first = site.get("/count").await;
    assert_eq!(store.len(), 1);
    let cleared = with(&site, "/clear", &cookie(&first)).await;
    let line = cleared.header("set-cookie").expect("the cookie is taken back");
    assert!(line.starts_with("session=; ") && line.contains("; Max-Age=0;"), "{line}");
    assert!(store.is_empty());
    assert_eq!(with(&site, "/read", &cookie(&first)).await.text(), "None");
}

#[tokio::test]
async fn a_renewed_session_has_a_new_id_and_the_old_one_is_worth_nothing() {
    let site = site(Sessions::store(MemorySessions::new())).await;
    let first = site.get("/count").await;
    let renewed = with(&site, "/renew", &cookie(&first)).await;
    assert_ne!(cookie(&first), cookie(&renewed));
    assert_eq!(with(&site, "/read", &cookie(&renewed)).await.text(), "Some(1)");
    assert_eq!(with(&site, "/read", &cookie(&first)).await.text(), "None");
}

#[tokio::test]
async fn an_id_that_a_stranger_made_up_is_not_taken_over() {
    let site = site(Sessions::store(MemorySessions::new())).await;
    for made_up in ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "short", ""] {
        let made_up = format!("session={made_up}");
        let answer = with(&site, "/count", &made_up).await;
        assert_eq!(answer.text(), "1");
        assert_ne!(cookie(&answer), made_up);
    }
}

#[tokio::test]
async fn a_key_can_be_changed_without_ending_sessions() {
    let old = site(Sessions::cookie(key(1))).await.get("/count").await;
    let both = site(Sessions::cookie(key(2)).old_key(key(1))).await;
    assert_eq!(with(&both, "/read", &cookie(&old)).await.text(), "Some(1)");
    let new = with(&both, "/count", &cookie(&old)).await;
    let only_new = site(Sessions::cookie(key(2))).await;
    assert_eq!(with(&only_new, "/read", &cookie(&new)).await.text(), "Some(2)");
    assert_eq!(with(&only_new, "/read", &cookie(&old)).await.text(), "None");
}

#[test]
fn what_cannot_stand_in_a_cookie_is_refused() {
    assert!(SessionKey::new(&[0; 63]).is_err());
    assert!(Sessions::cookie(key(1)).name("a b").is_err());
    assert!(Sessions::cookie(key(1)).path("/; Domain=a").is_err());
    assert!(Sessions::cookie(key(1)).domain("").is_err());
}

async fn meow() -> &'static str {
    "Meow."
}

#[tokio::test]
async fn a_client_that_has_the_same_gets_304_and_one_that_has_not_gets_200() {
    let site = Site::start(App::new().middleware(ETags::new()).get("/", meow)).await;
    let first = site.get("/").await;
    let tag = first.header("etag").expect("it is tagged").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    let weak = format!("W/{tag}");
    for known in [&tag, &weak] {
        let again = site.get_with("/", &[("if-none-match", known)]).await;
        assert_eq!((again.status, again.header("etag")), (304, Some(tag.as_str())));
        assert_eq!(again.header("content-type"), None);
    }
    let other = site.get_with("/", &[("if-none-match", "\"other\"")]).await;
    assert_eq!((other.status, other.text()), (200, "Meow."));
    assert_eq!(site.get_with("/", &[("if-match", "\"other\"")]).await.status, 412);
}

#[tokio::test]
async fn the_validators_of_a_handler_count() {
    let handler = || async {
        let response = meow().await.into_response().with_header("etag", "\"v1\"")?;
        response.with_header("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")
    };
    let site = Site::start(App::new().middleware(ETags::new()).get("/", handler)).await;
    assert_eq!(site.get_with("/", &[("if-none-match", "\"v1\"")]).await.status, 304);
    let since = ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(site.get_with("/", &[since]).await.status, 304);
    assert_eq!(site.get("/").await.header("etag"), Some("\"v1\""));
}

#[tokio::test]
async fn errors_changes_and_large_bodies_are_not_tagged() {
    let app = App::new().middleware(ETags::new().limit(4)).get("/", meow).post("/small", || async { "a" });
    let site = Site::start(app).await;
    assert_eq!(site.get("/").await.header("etag"), None);
    assert_eq!(site.get("/nothing").await.header("etag"), None);
    assert_eq!(site.ask("POST", "/small", &[], b"").await.header("etag"), None);
}
