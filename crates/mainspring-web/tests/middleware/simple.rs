//! Those that only look or set.

use mainspring_web::middleware::{CatchPanic, Maintenance, SecurityHeaders, SetHeader, TrustProxies};
use mainspring_web::{
    App, Error, Forwarded, IntoResponse, Next, PeerAddr, Request, Response, StatusCode, TrustedProxies,
};

use crate::site::Site;

async fn meow() -> &'static str {
    "Meow."
}

#[tokio::test]
async fn security_headers_are_on_every_answer_also_on_404() {
    let site = Site::start(App::new().middleware(SecurityHeaders::new()).get("/", meow)).await;
    for path in ["/", "/nothing"] {
        let answer = site.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
    }
}

#[tokio::test]
async fn a_security_header_of_the_handler_stays() {
    let handler = || async { meow().await.into_response().with_header("X-Frame-Options", "SAMEORIGIN") };
    let site = Site::start(App::new().middleware(SecurityHeaders::new()).get("/", handler)).await;
    assert_eq!(site.get("/").await.all("x-frame-options").as_deref(), Some("SAMEORIGIN"));
}

#[tokio::test]
async fn headers_of_answers_are_set_kept_added_and_removed() -> Result<(), Error> {
    let handler = || async {
        let mut response = meow().await.into_response();
        for (name, value) in [("x-set", "old"), ("x-kept", "old"), ("x-added", "old"), ("x-removed", "old")] {
            response.insert(name, value)?;
        }
        Ok::<_, Error>(response)
    };
    let app = App::new()
        .middleware(SetHeader::response("x-set", "new")?)
        .middleware(SetHeader::response("x-kept", "new")?.if_absent())
        .middleware(SetHeader::response("x-added", "new")?.append())
        .middleware(SetHeader::without_response("X-Removed"))
        .get("/", handler);
    let answer = Site::start(app).await.get("/").await;
    assert_eq!(answer.all("x-set").as_deref(), Some("new"));
    assert_eq!(answer.all("x-kept").as_deref(), Some("old"));
    assert_eq!(answer.all("x-added").as_deref(), Some("old, new"));
    assert_eq!(answer.all("x-removed"), None);
    Ok(())
}

#[tokio::test]
async fn headers_of_requests_are_set_before_the_handler_sees_them() -> Result<(), Error> {
    let show = |request: Request| async move {
        format!("{:?} {:?}", request.header("x-internal"), request.header("x-tenant"))
    };
    let app = App::new()
        .middleware(SetHeader::without_request("X-Internal"))
        .middleware(SetHeader::request("x-tenant", "cats")?.if_absent())
        .get("/", show);
    let site = Site::start(app).await;
    assert_eq!(site.get_with("/", &[("x-internal", "1")]).await.text(), "None Some(\"cats\")");
    assert_eq!(site.get_with("/", &[("x-tenant", "dogs")]).await.text(), "None Some(\"dogs\")");
    Ok(())
}

#[test]
fn a_header_that_would_break_a_line_cannot_be_set() {
    assert!(SetHeader::response("x-a", "1\r\nx-b: 2").is_err());
    assert!(SetHeader::request("x a", "1").is_err());
    assert!(SecurityHeaders::new().set("x-a", "\n").is_err());
}

#[tokio::test]
async fn an_outer_middleware_sees_the_500_of_a_caught_panic() {
    async fn stamp(request: Request, next: Next) -> Result<Response, Error> {
        let response = next.run(request).await;
        let status = response.status();
        response.with_header("x-seen", status.as_str())
    }
    async fn fall() -> &'static str {
        panic!("the cat fell");
    }
    let app = App::new().middleware(stamp).middleware(CatchPanic::new()).get("/", fall);
    let answer = Site::start(app).await.get("/").await;
    assert_eq!((answer.status, answer.header("x-seen")), (500, Some("500")));
    assert_eq!(answer.text(), "Internal Server Error");
}

#[tokio::test]
async fn a_panic_may_be_answered_otherwise() {
    async fn fall() -> &'static str {
        panic!("the cat fell");
    }
    let catch = CatchPanic::new().answer(|text| (StatusCode::IM_A_TEAPOT, text.to_owned()).into_response());
    let answer = Site::start(App::new().middleware(catch).get("/", fall)).await.get("/").await;
    assert_eq!((answer.status, answer.text()), (418, "the cat fell"));
}

#[tokio::test]
async fn maintenance_closes_all_but_the_exceptions_until_it_ends() {
    let maintenance = Maintenance::new().except("/health");
    let app = App::new().middleware(maintenance.clone()).get("/", meow).get("/health", meow);
    let site = Site::start(app).await;
    assert_eq!(site.get("/").await.status, 200);
    maintenance.begin();
    let answer = site.get("/").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("60")));
    assert_eq!(site.get("/health").await.status, 200);
    maintenance.end();
    assert_eq!(site.get("/").await.status, 200);
}

async fn behind(proxies: &str) -> Result<Site, Error> {
    let show = |PeerAddr(peer): PeerAddr, forwarded: Forwarded, request: Request| async move {
        format!("{} {:?} {:?}", peer.ip(), request.host(), forwarded.scheme())
    };
    let trust = TrustProxies::new(TrustedProxies::new([proxies])?);
    Ok(Site::start(App::new().middleware(trust).get("/", show)).await)
}

const CLAIMS: [(&str, &str); 3] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-host", "dogs.example"),
    ("x-forwarded-proto", "https"),
];

#[tokio::test]
async fn the_client_behind_a_trusted_proxy_is_the_peer() -> Result<(), Error> {
    let site = behind("127.0.0.0/8").await?;
    assert_eq!(
        site.get_with("/", &CLAIMS).await.text(),
        "203.0.113.7 Some(\"dogs.example\") Some(\"https\")"
    );
    assert_eq!(site.get("/").await.text(), "127.0.0.1 Some(\"cats.example\") None");
    Ok(())
}

#[tokio::test]
async fn what_anybody_else_claims_is_ignored() -> Result<(), Error> {
    let site = behind("10.0.0.0/8").await?;
    assert_eq!(site.get_with("/", &CLAIMS).await.text(), "127.0.0.1 Some(\"cats.example\") None");
    Ok(())
}
