use mainspring_web::{App, Path, Route};

use crate::server::{Server, bounded};

async fn text(Path(value): Path<String>) -> String {
    format!("<{value}>")
}

#[tokio::test]
async fn a_typed_parameter_takes_its_own_and_leaves_the_rest() {
    bounded(async {
        let app = App::new()
            .get("/users/{name}", async |Path(name): Path<String>| format!("name {name}"))
            .get("/users/{id:uint}", async |Path(id): Path<u64>| format!("id {id}"))
            .get("/users/me", async || "me");
        let server = Server::start(app).await;
        assert_eq!(server.get("/users/42").await.body, "id 42");
        assert_eq!(server.get("/users/tom").await.body, "name tom");
        assert_eq!(server.get("/users/me").await.body, "me");
    })
    .await;
}

#[tokio::test]
async fn a_regular_expression_must_match_the_whole_segment() {
    bounded(async {
        let server = Server::start(App::new().get("/{lang:[a-z]{2}}/about", text)).await;
        assert_eq!(server.get("/en/about").await.body, "<en>");
        assert_eq!(server.get("/eng/about").await.status, 404);
        assert_eq!(server.get("/e1/about").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn an_encoded_slash_is_a_slash_within_one_parameter() {
    bounded(async {
        let app = App::new().get("/u/{name}", text).get("/w/{name:a/b|c}", text).get("/f/{*path}", text);
        let server = Server::start(app).await;
        assert_eq!(server.get("/u/a%2Fb").await.body, "<a/b>");
        assert_eq!(server.get("/u/a/b").await.status, 404);
        assert_eq!(server.get("/w/a%2fb").await.body, "<a/b>");
        assert_eq!(server.get("/f/a/b%2Fc").await.body, "<a/b/c>");
    })
    .await;
}

#[tokio::test]
async fn several_parameters_share_a_segment() {
    bounded(async {
        let join = async |Path((from, to)): Path<(String, u32)>| format!("{from}..{to}");
        let server = Server::start(App::new().get("/{from}-{to:uint}.csv", join)).await;
        assert_eq!(server.get("/a-b-7.csv").await.body, "a-b..7");
        assert_eq!(server.get("/a-b.csv").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn parameters_are_found_by_name() {
    bounded(async {
        #[derive(serde::Deserialize)]
        struct Post {
            user: String,
            id: u64,
        }
        let post = async |Path(Post { user, id }): Path<Post>| format!("{id} of {user}");
        let server = Server::start(App::new().get("/{user}/posts/{id:uint}", post)).await;
        assert_eq!(server.get("/tom/posts/7").await.body, "7 of tom");
    })
    .await;
}

#[test]
fn patterns_that_cannot_be_told_apart_are_an_error_that_names_both_places() {
    let app = App::new()
        .get("/{a:int}/x", async || {})
        .get("/{b:int}/x", async || {})
        .add(Route::get("/{c:[0-9]+}/x", async || {}));
    let error = app.build().expect_err("two are the same");
    assert!(error.is_conflict());
    let text = error.to_string();
    assert!(text.contains("`GET /{b:int}/x` at ") && text.contains("`GET /{a:int}/x` at "), "{text}");
    assert_eq!(text.matches("patterns.rs:").count(), 2, "{text}");
}

#[test]
fn a_bad_match_is_told_with_its_place() {
    let error = App::new().get("/{id:number}", async || {}).build().expect_err("there is no such match");
    let text = error.to_string();
    assert!(error.is_malformed() && text.contains("`number`") && text.contains("patterns.rs:"), "{text}");
}
