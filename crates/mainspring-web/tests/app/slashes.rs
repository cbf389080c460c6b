use mainspring_web::{App, Path, Slashes};

use crate::server::{Server, bounded};

fn cats() -> App {
    App::new()
        .get("/", async || "root")
        .get("/cats", async || "cats")
        .post("/cats", async || "born")
        .get("/cats/{id}/", async |Path(id): Path<String>| id)
}

#[tokio::test]
async fn a_slash_counts_by_default() {
    bounded(async {
        let server = Server::start(cats()).await;
        assert_eq!(server.get("/cats/").await.status, 404);
        assert_eq!(server.get("/cats/7").await.status, 404);
        assert_eq!(server.get("//cats").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_redirect_keeps_method_and_query() {
    bounded(async {
        let server = Server::start(cats().slashes(Slashes::Redirect)).await;
        for (method, path, location) in [
            ("GET", "/cats/?a=b", "/cats?a=b"),
            ("POST", "/cats/", "/cats"),
            ("GET", "/cats/a%20b", "/cats/a%20b/"),
        ] {
            let answer = server.ask(method, path).await;
            assert_eq!((answer.status, answer.header("location")), (308, Some(location)), "{path}");
        }
        assert_eq!(server.get("/dogs/").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn ignored_slashes_are_answered() {
    bounded(async {
        let server = Server::start(cats().slashes(Slashes::Ignore)).await;
        assert_eq!(server.get("/cats/").await.body, "cats");
        assert_eq!(server.get("/cats/7").await.body, "7");
        assert_eq!(server.get("/").await.body, "root");
        let refused = server.ask("PUT", "/cats/").await;
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, OPTIONS, POST")));
    })
    .await;
}

#[tokio::test]
async fn several_slashes_are_one_when_asked() {
    bounded(async {
        let server = Server::start(cats().merge_slashes(true).slashes(Slashes::Redirect)).await;
        assert_eq!(server.get("//cats").await.header("location"), Some("/cats"));
        assert_eq!(server.get("/cats//7//").await.header("location"), Some("/cats/7/"));
        assert_eq!(server.get("/cats//7").await.header("location"), Some("/cats/7/"));
        let server = Server::start(cats().merge_slashes(true).slashes(Slashes::Ignore)).await;
        assert_eq!(server.get("//cats///").await.body, "cats");
        let server = Server::start(cats().merge_slashes(true)).await;
        assert_eq!(server.get("//cats").await.header("location"), Some("/cats"));
        assert_eq!(server.get("//cats/").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_redirected_to_another_host() {
    bounded(async {
        let app = App::new()
            .get("/{*rest}", async || "rest")
            .get("/{a}/{b}/", async || "ab")
            .slashes(Slashes::Redirect);
        let server =
            Server::start(App::new().get("/{a}/{b}/", async || "ab").slashes(Slashes::Redirect)).await;
        for path in ["//evil.com/x", "//evil.com", "/\\evil.com/x"] {
            let answer = server.get(path).await;
            let location = answer.header("location").unwrap_or("/").to_owned();
            assert!(!location.starts_with("//") && !location.starts_with("/\\"), "{path}: {location}");
        }
        let server = Server::start(app.merge_slashes(true)).await;
        let answer = server.get("//evil.com//x").await;
        assert_ne!(answer.header("location"), Some("//evil.com/x/"));
    })
    .await;
}

#[tokio::test]
async fn a_nested_app_may_have_its_own_policy() {
    bounded(async {
        let app = cats()
            .slashes(Slashes::Ignore)
            .nest("/strict", cats().slashes(Slashes::Strict))
            .nest("/same", cats());
        let server = Server::start(app).await;
        assert_eq!(server.get("/cats/").await.status, 200);
        assert_eq!(server.get("/strict/cats/").await.status, 404);
        assert_eq!(server.get("/same/cats/").await.status, 200);
    })
    .await;
}
