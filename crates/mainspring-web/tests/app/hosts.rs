use mainspring_web::{App, Request};

use crate::server::{Server, bounded};

fn says(text: &'static str) -> App {
    App::new().get("/", move || async move { text })
}

#[tokio::test]
async fn the_more_particular_host_answers() {
    bounded(async {
        let app = says("anybody")
            .host("*.example.com", says("below"))
            .host("api.example.com", says("api"))
            .host("*.eu.example.com", says("europe"));
        let server = Server::start(app).await;
        for (host, body) in [
            ("api.example.com", "api"),
            ("API.Example.COM:8080", "api"),
            ("www.example.com", "below"),
            ("a.eu.example.com", "europe"),
            ("example.com", "anybody"),
            ("api.example.org", "anybody"),
            ("127.0.0.1", "anybody"),
        ] {
            assert_eq!(server.get_from(host, "/").await.body, body, "{host}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_host_of_the_target_overrides_the_header() {
    bounded(async {
        let server = Server::start(says("anybody").host("a.com", says("a"))).await;
        let request = "GET http://a.com/ HTTP/1.1\r\nHost: b.com\r\nConnection: close\r\n\r\n";
        assert_eq!(server.send(request).await.body, "a");
    })
    .await;
}

#[tokio::test]
async fn what_the_app_of_a_host_does_not_know_is_its_own_404() {
    bounded(async {
        let api = says("api").fallback(async |request: Request| format!("api has no {}", request.path()));
        let app = says("anybody").host("api.com", api).get("/other", async || "other");
        let server = Server::start(app).await;
        assert_eq!(server.get_from("api.com", "/other").await.body, "api has no /other");
        assert_eq!(server.get_from("b.com", "/other").await.body, "other");
        assert_eq!(server.ask("OPTIONS", "*").await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn a_host_below_a_prefix_answers_there_only() {
    bounded(async {
        let inner = says("plain").host("a.com", says("a"));
        let server = Server::start(says("root").nest("/in", inner)).await;
        assert_eq!(server.get_from("a.com", "/in").await.body, "a");
        assert_eq!(server.get_from("b.com", "/in").await.body, "plain");
        assert_eq!(server.get_from("a.com", "/").await.body, "root");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_method_names_the_methods_of_the_host() {
    bounded(async {
        let app = says("").post("/", async || "").host("a.com", App::new().delete("/", async || ""));
        let server = Server::start(app).await;
        let request = "PUT / HTTP/1.1\r\nHost: a.com\r\nConnection: close\r\n\r\n";
        assert_eq!(server.send(request).await.header("allow"), Some("DELETE, OPTIONS"));
    })
    .await;
}

#[test]
fn a_bad_host_is_told() {
    for host in ["a.com:80", "*", "a..b", "http://a.com"] {
        let error = App::new().host(host, App::new()).build().expect_err(host);
        assert!(error.is_malformed() && error.to_string().contains("hosts.rs:"), "{host}: {error}");
    }
    let app = App::new().host("a.com", App::new().host("b.com", App::new()));
    assert!(app.build().expect_err("a host within a host").is_malformed());
}
