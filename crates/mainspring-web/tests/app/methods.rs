use mainspring_web::{App, Methods, Path, Route, StatusCode};

use crate::server::{Server, bounded};

#[tokio::test]
async fn one_pattern_answers_several_methods() {
    bounded(async {
        let cats = Methods::new().get(async || "list").post(async || (StatusCode::CREATED, "born"));
        let server = Server::start(App::new().add(Route::methods("/cats", cats))).await;
        assert_eq!(server.get("/cats").await.body, "list");
        assert_eq!(server.ask("POST", "/cats").await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn another_method_is_a_405_with_a_sorted_allow() {
    bounded(async {
        let app =
            App::new().post("/cats", async || "").get("/cats", async || "").delete("/cats", async || "");
        let server = Server::start(app).await;
        let answer = server.ask("PUT", "/cats").await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.header("allow"), Some("DELETE, GET, HEAD, OPTIONS, POST"));
    })
    .await;
}

#[tokio::test]
async fn head_and_options_come_by_themselves() {
    bounded(async {
        let server = Server::start(App::new().get("/cats", async || "Meow.")).await;
        let head = server.ask("HEAD", "/cats").await;
        assert_eq!((head.status, head.header("content-length"), &*head.body), (200, Some("5"), ""));
        let options = server.ask("OPTIONS", "/cats").await;
        assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
        assert_eq!(server.ask("OPTIONS", "*").await.status, 204);
        assert_eq!(server.ask("OPTIONS", "/dogs").await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn a_handler_of_head_or_options_takes_their_place() {
    bounded(async {
        let app = App::new()
            .get("/cats", async || "Meow.")
            .head("/cats", async || StatusCode::NO_CONTENT)
            .options("/cats", async || "ask me");
        let server = Server::start(app).await;
        assert_eq!(server.ask("HEAD", "/cats").await.status, 204);
        assert_eq!(server.ask("OPTIONS", "/cats").await.body, "ask me");
    })
    .await;
}

#[tokio::test]
async fn a_looser_pattern_answers_the_method_that_the_stricter_does_not_know() {
    bounded(async {
        let app = App::new()
            .get("/users/me", async || "me")
            .post("/users/{name}", async |Path(name): Path<String>| format!("posted {name}"))
            .delete("/users/{id:uint}", async || "deleted");
        let server = Server::start(app).await;
        assert_eq!(server.ask("POST", "/users/me").await.body, "posted me");
        assert_eq!(server.ask("POST", "/users/7").await.body, "posted 7");
        let answer = server.ask("PUT", "/users/7").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("DELETE, OPTIONS, POST")));
    })
    .await;
}

#[test]
fn a_route_without_methods_is_an_error() {
    let error = App::new().add(Route::methods("/cats", Methods::new())).build().expect_err("it is empty");
    assert!(error.is_malformed() && error.to_string().contains("no methods"), "{error}");
}

#[test]
fn a_method_given_twice_is_an_error() {
    let cats = Methods::new().get(async || "").get(async || "");
    assert!(App::new().add(Route::methods("/cats", cats)).build().expect_err("twice").is_conflict());
}
