use mainspring_web::{App, Next, Request, Response, Route, http1::Head};

use crate::server::{Server, bounded};

async fn wall(_: Request, _: Next) -> &'static str {
    "wall"
}

#[tokio::test]
async fn a_middleware_of_a_route_stands_around_this_route_only() {
    bounded(async {
        let app = App::new().add(Route::get("/a", async || "a").middleware(wall)).get("/b", async || "b");
        let server = Server::start(app).await;
        assert_eq!(server.get("/a").await.body, "wall");
        assert_eq!(server.get("/b").await.body, "b");
    })
    .await;
}

#[tokio::test]
async fn those_of_the_app_come_first() {
    bounded(async {
        async fn outer(request: Request, next: Next) -> Response {
            let mut response = next.run(request).await;
            response.insert("x-outer", "yes").expect("it is a value");
            response
        }
        let app = App::new().add(Route::get("/a", async || "a").middleware(wall)).middleware(outer);
        let answer = Server::start(app).await.get("/a").await;
        assert_eq!((&*answer.body, answer.header("x-outer")), ("wall", Some("yes")));
    })
    .await;
}

#[tokio::test]
async fn every_answer_is_shown_to_the_hooks_the_inner_ones_first() {
    bounded(async {
        async fn fall() -> &'static str {
            panic!("on purpose")
        }
        let show = |name: &'static str| {
            move |head: &Head, response: &mut Response| {
                let old = response.header("x-hook").unwrap_or_default().to_owned();
                response.insert("x-hook", format!("{old}{name}:{};", head.path())).expect("it is a value");
            }
        };
        let inner = App::new().on_response(show("inner")).get("/x", async || "x").get("/fall", fall);
        let app = App::new().on_response(show("outer")).nest("/in", inner);
        let server = Server::start(app).await;
        for (method, path, status, wanted) in [
            ("GET", "/in/x", 200, "inner:/in/x;outer:/in/x;"),
            ("GET", "/in/none", 404, "inner:/in/none;outer:/in/none;"),
            ("POST", "/in/x", 405, "inner:/in/x;outer:/in/x;"),
            ("GET", "/in/fall", 500, "inner:/in/fall;outer:/in/fall;"),
            ("GET", "/none", 404, "outer:/none;"),
        ] {
            let answer = server.ask(method, path).await;
            assert_eq!((answer.status, answer.header("x-hook")), (status, Some(wanted)), "{method} {path}");
        }
    })
    .await;
}
