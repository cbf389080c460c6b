use mainspring_web::{App, Error, Request, Route, Urls};

use crate::server::{Server, bounded};

fn named(pattern: &'static str, name: &'static str) -> Route {
    Route::get(pattern, async || "").name(name)
}

#[tokio::test]
async fn a_handler_makes_the_url_of_a_route() {
    bounded(async {
        let show = async |request: Request| -> Result<String, Error> {
            Ok(request.url_for("user", &[("id", "a b/c")])?.query("q", "1&2").into())
        };
        let extract = async |urls: Urls| urls.url_for("file", &[("path", "a b/c")]).map(String::from);
        let app = App::new()
            .get("/show", show)
            .get("/extract", extract)
            .add(named("/users/{id}", "user"))
            .add(named("/files/{*path}", "file"));
        let server = Server::start(app).await;
        assert_eq!(server.get("/show").await.body, "/users/a%20b%2Fc?q=1%262");
        assert_eq!(server.get("/extract").await.body, "/files/a%20b/c");
    })
    .await;
}

#[tokio::test]
async fn the_own_app_comes_first_and_its_prefix_is_included() {
    bounded(async {
        let show = async |urls: Urls| urls.url_for("list", &[]).map(String::from);
        let about = async |urls: Urls| urls.url_for("about", &[]).map(String::from);
        let inner = App::new().add(named("/list", "list")).get("/show", show).get("/about", about);
        let app = App::new()
            .add(named("/list", "list"))
            .add(named("/about", "about"))
            .get("/show", show)
            .nest("/in", inner);
        let server = Server::start(app).await;
        assert_eq!(server.get("/show").await.body, "/list");
        assert_eq!(server.get("/in/show").await.body, "/in/list");
        assert_eq!(server.get("/in/about").await.body, "/about");
    })
    .await;
}

#[test]
fn a_name_of_one_nested_app_is_found_and_of_two_is_not() {
    let shop = |name| App::new().add(named("/", "home")).add(named("/only", name));
    let routes = App::new().nest("/a", shop("a")).nest("/b", shop("b")).build().expect("it is valid");
    assert_eq!(routes.url_for("a", &[]).expect("one has it").as_str(), "/a/only");
    let error = routes.url_for("home", &[]).expect_err("two have it").to_string();
    assert!(error.contains("`/a`") && error.contains("`/b`"), "{error}");
    let error = routes.url_for("none", &[]).expect_err("none has it").to_string();
    assert!(error.contains("no route is called `none`"), "{error}");
}

#[test]
fn parameters_of_the_prefix_are_filled_in_too() {
    let app = App::new().nest("/{shop}", App::new().add(named("/users/{id:uint}", "user")));
    let routes = app.build().expect("it is valid");
    let url = routes.url_for("user", &[("id", "7"), ("shop", "a&b")]).expect("all is there");
    assert_eq!(url.as_str(), "/a&b/users/7");
    assert!(routes.url_for("user", &[("id", "7")]).is_err());
}

#[test]
fn a_name_given_twice_is_an_error_that_names_both_places() {
    let text = App::new().add(named("/a", "x")).add(named("/b", "x")).build().expect_err("twice").to_string();
    assert!(text.contains("`GET /a`") && text.contains("`GET /b`") && text.contains("called `x`"), "{text}");
    assert_eq!(text.matches("urls.rs:").count(), 2, "{text}");
}

#[tokio::test]
async fn a_url_that_cannot_be_made_is_a_500() {
    bounded(async {
        let show = async |urls: Urls| urls.url_for("none", &[]).map(String::from);
        let server = Server::start(App::new().get("/", show)).await;
        assert_eq!(server.get("/").await.status, 500);
    })
    .await;
}
