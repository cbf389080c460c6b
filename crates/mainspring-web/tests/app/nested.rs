use mainspring_web::{App, Next, Path, Request, Response, State, StatusCode};

use crate::server::{Server, bounded};

/// Writes a letter behind those that are there.
fn mark(
    letter: &'static str,
) -> impl Fn(Request, Next) -> std::pin::Pin<Box<dyn Future<Output = Response> + Send>> {
    move |request, next| {
        Box::pin(async move {
            let mut response = next.run(request).await;
            let old = response.header("x-mark").unwrap_or_default().to_owned();
            response.insert("x-mark", old + letter).expect("it is a value");
            response
        })
    }
}

#[tokio::test]
async fn patterns_go_on_where_the_prefix_ends() {
    bounded(async {
        let users = App::new()
            .get("/", async || "all")
            .get("/{id}", async |Path((shop, id)): Path<(String, u32)>| format!("{id} of {shop}"));
        let app = App::new().nest("/shops/{shop}/users/", users).get("/", async || "root");
        let server = Server::start(app).await;
        for (path, body) in [
            ("/shops/a/users", "all"),
            ("/shops/a/users/", "all"),
            ("/shops/a/users/7", "7 of a"),
            ("/", "root"),
        ] {
            assert_eq!(server.get(path).await.body, body, "{path}");
        }
        assert_eq!(server.get("/shops/a/users/7/").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn the_outer_middlewares_stand_around_the_inner_ones() {
    bounded(async {
        let inner = App::new().middleware(mark("c")).middleware(mark("d")).get("/x", async || "");
        let app =
            App::new().middleware(mark("a")).middleware(mark("b")).nest("/in", inner).get("/y", async || "");
        let server = Server::start(app).await;
        assert_eq!(server.get("/in/x").await.header("x-mark"), Some("dcba"));
        assert_eq!(server.get("/y").await.header("x-mark"), Some("ba"));
        let missing = server.get("/in/nothing").await;
        assert_eq!((missing.status, missing.header("x-mark")), (404, Some("dcba")));
        let refused = server.ask("POST", "/in/x").await;
        assert_eq!((refused.status, refused.header("x-mark")), (405, Some("dcba")));
    })
    .await;
}

#[tokio::test]
async fn state_falls_back_outward() {
    bounded(async {
        let show =
            async |State(number): State<u32>, State(text): State<&'static str>| format!("{text} {number}");
        let inner = App::new().state("inner").get("/x", show);
        let app = App::new().state("outer").state(7_u32).nest("/in", inner).get("/x", show);
        let server = Server::start(app).await;
        assert_eq!(server.get("/in/x").await.body, "inner 7");
        assert_eq!(server.get("/x").await.body, "outer 7");
    })
    .await;
}

#[test]
fn the_state_of_an_inner_app_is_not_the_outer_ones() {
    let app = App::new().nest("/in", App::new().state(7_u32)).get("/x", async |State(_): State<u32>| {});
    assert!(app.build().expect_err("it is the inner app's").is_missing_state());
}

#[tokio::test]
async fn the_fallback_of_an_app_answers_below_its_prefix() {
    bounded(async {
        let lost = |who: &'static str| move |request: Request| async move { (StatusCode::NOT_FOUND, format!("{who}: {}", request.path())) };
        let inner = App::new().middleware(mark("i")).fallback(lost("inner")).nest("/deep", App::new().middleware(mark("d")));
        let app = App::new().middleware(mark("o")).fallback(lost("outer")).nest("/in", inner);
        let server = Server::start(app).await;
        for (path, body, marks) in [
            ("/nothing", "outer: /nothing", "o"),
            ("/in/nothing", "inner: /in/nothing", "io"),
            ("/in", "inner: /in", "io"),
            ("/inner", "outer: /inner", "o"),
            ("/in/deep/nothing", "inner: /in/deep/nothing", "dio"),
        ] {
            let answer = server.get(path).await;
            assert_eq!((answer.status, &*answer.body, answer.header("x-mark")), (404, body, Some(marks)), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_merged_app_keeps_its_state_and_middlewares() {
    bounded(async {
        let other = App::new()
            .state("other")
            .middleware(mark("m"))
            .get("/b", async |State(text): State<&'static str>| text)
            .fallback(async || "lost");
        let app = App::new()
            .state("own")
            .middleware(mark("o"))
            .get("/a", async |State(text): State<&'static str>| text)
            .merge(other);
        let server = Server::start(app).await;
        let (a, b) = (server.get("/a").await, server.get("/b").await);
        assert_eq!((&*a.body, a.header("x-mark")), ("own", Some("o")));
        assert_eq!((&*b.body, b.header("x-mark")), ("other", Some("mo")));
        assert_eq!(server.get("/c").await.body, "lost");
    })
    .await;
}

#[test]
fn two_fallbacks_that_are_merged_are_told_with_both_places() {
    let app = App::new().fallback(async || "one").merge(App::new().fallback(async || "two"));
    let text = app.build().expect_err("two").to_string();
    assert_eq!(text.matches("nested.rs:").count(), 2, "{text}");
}

#[test]
fn a_route_of_a_nested_app_may_conflict_with_one_outside() {
    let app = App::new().get("/in/{a}", async || {}).nest("/in", App::new().get("/{b}", async || {}));
    let error = app.build().expect_err("they are the same");
    assert!(error.is_conflict() && error.to_string().contains("`GET /in/{b}`"), "{error}");
}

#[test]
fn a_bad_prefix_is_told() {
    for prefix in ["", "/", "in", "/{*all}", "/{a"] {
        let error = App::new().nest(prefix, App::new()).build().expect_err(prefix);
        assert!(error.is_malformed() && error.to_string().contains("nested.rs:"), "{prefix}: {error}");
    }
}

#[test]
fn a_parameter_may_not_have_the_name_of_one_in_the_prefix() {
    let app = App::new().nest("/{id}", App::new().get("/x/{id}", async || {}));
    assert!(app.build().expect_err("twice").to_string().contains("`id` stands there twice"));
}

#[tokio::test]
async fn the_pattern_of_a_request_is_the_whole_one() {
    bounded(async {
        let show = async |request: Request| request.pattern().unwrap_or("none").to_owned();
        let app = App::new().nest("/in", App::new().get("/{id}", show)).fallback(show);
        let server = Server::start(app).await;
        assert_eq!(server.get("/in/7").await.body, "/in/{id}");
        assert_eq!(server.get("/out").await.body, "none");
    })
    .await;
}
