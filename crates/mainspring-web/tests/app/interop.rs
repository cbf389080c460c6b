use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract as from_axum;
use axum::routing;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use mainspring_web::interop::{AppService, Axum, tower_layer};
use mainspring_web::{App, Body, Next, Path, PeerAddr, Request, Response, Route, StatusCode};
use tower::{Service, ServiceExt, service_fn};
use tower_http::set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer};
use tower_http::trace::TraceLayer;

use crate::server::{Server, bounded};

async fn ask(app: &App, request: http::Request<Body>) -> (StatusCode, String) {
    let service = AppService::new(app).expect("the app has no startup");
    let response = service.oneshot(request).await.expect("it never fails");
    let status = response.status();
    let body = response.into_body().collect().await.expect("the body is whole");
    (status, String::from_utf8(body.into()).expect("the body is text"))
}

fn get(path: &str) -> http::Request<Body> {
    http::Request::get(path).body(Body::empty()).expect("it is valid")
}

#[tokio::test]
async fn an_app_is_a_tower_service() {
    let app =
        App::new().post("/{name}", async |Path(name): Path<String>, body: String| format!("{name}: {body}"));
    let request = http::Request::post("/tom").body(Body::from("Meow.")).expect("it is valid");
    assert_eq!(ask(&app, request).await, (StatusCode::OK, "tom: Meow.".to_owned()));
    assert_eq!(ask(&app, get("/tom/x")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&app, get("/tom")).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_service_limits_bodies_as_the_route_says() {
    let app = App::new()
        .post("/", async |body: Bytes| body.len().to_string())
        .add(Route::post("/small", async |body: Bytes| body.len().to_string()).body_limit(3));
    let post = |path: &str, body| http::Request::post(path).body(body).expect("it is valid");
    let stream = |size: usize| {
        Body::stream(futures_util::stream::iter((0..size).map(|_| Ok::<_, std::io::Error>("x"))))
    };
    assert_eq!(ask(&app, post("/small", stream(3))).await.1, "3");
    assert_eq!(ask(&app, post("/small", stream(4))).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(&app, post("/small", Body::from("four"))).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(&app, post("/", stream(4))).await.1, "4");
    let large = Body::from(vec![0; 3 * 1024 * 1024]);
    assert_eq!(ask(&app, post("/", large)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_service_of_an_app_with_a_startup_must_be_started() {
    let app = App::new()
        .on_startup(async |_| Ok(7_u32))
        .get("/", async |mainspring_web::State(n): mainspring_web::State<u32>| n.to_string());
    assert!(AppService::new(&app).is_err());
    let service = AppService::start(&app).await.expect("it starts");
    let response = service.clone().oneshot(get("/")).await.expect("it never fails");
    assert_eq!(response.into_body().collect().await.expect("it is whole"), "7");
}

#[tokio::test]
async fn an_axum_router_is_mounted_and_sees_the_path_behind_the_prefix() {
    bounded(async {
        let show =
            async |uri: http::Uri, from_axum::Query(query): from_axum::Query<HashMap<String, String>>| {
                format!("{} {}", uri.path(), query.len())
            };
        let echo = async |body: String| format!("axum got {body}");
        let router = axum::Router::new()
            .route("/", routing::get(async || "axum's root"))
            .route("/cats/{id}", routing::get(show))
            .route("/echo", routing::post(echo));
        async fn mark(request: Request, next: Next) -> Response {
            let mut response = next.run(request).await;
            response.insert("x-mark", "ours").expect("it is a value");
            response
        }
        let app = App::new().middleware(mark).mount("/old", router).get("/new", async || "new");
        let server = Server::start(App::new().nest("/site", app)).await;
        for (path, body) in [
            ("/site/old", "axum's root"),
            ("/site/old/", "axum's root"),
            ("/site/old/cats/a%2Fb?x=1&y=2", "/cats/a%2Fb 2"),
            ("/site/new", "new"),
        ] {
            let answer = server.get(path).await;
            assert_eq!(
                (answer.status, &*answer.body, answer.header("x-mark")),
                (200, body, Some("ours")),
                "{path}"
            );
        }
        let missing = server.get("/site/old/dogs").await;
        assert_eq!((missing.status, missing.header("x-mark")), (404, Some("ours")));
        let request =
            "POST /site/old/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nMeow.";
        assert_eq!(server.send(request).await.body, "axum got Meow.");
    })
    .await;
}

#[tokio::test]
async fn a_mounted_service_knows_the_client_and_may_fail() {
    bounded(async {
        let service = service_fn(async |request: http::Request<Body>| {
            let peer = request.extensions().get::<PeerAddr>().ok_or("nobody asks")?;
            match request.uri().path() {
                "/fail" => Err("on purpose"),
                _ => Ok(http::Response::new(Body::from(peer.0.ip().to_string()))),
            }
        });
        let server = Server::start(App::new().mount("/x", service)).await;
        assert_eq!(server.get("/x").await.body, "127.0.0.1");
        assert_eq!(server.get("/x/fail").await.status, 500);
    })
    .await;
}

/// The health service of gRPC, called as its clients do, down to the bytes of the frames.
#[tokio::test]
async fn a_tonic_server_is_mounted() {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let app = App::new().mount("/rpc", health);
    let mut request = http::Request::post("/rpc/grpc.health.v1.Health/Check")
        .version(http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::from(&b"\0\0\0\0\0"[..]))
        .expect("it is valid");
    request.extensions_mut().insert(PeerAddr(([127, 0, 0, 1], 1).into()));
    let mut service = AppService::new(&app).expect("the app has no startup");
    let response = service.call(request).await.expect("it never fails");
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let (mut data, mut trailers, mut body) = (Vec::new(), None, std::pin::pin!(response.into_body()));
    while let Some(frame) = std::future::poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx)).await {
        match frame.expect("the body is whole").into_data() {
            Ok(piece) => data.extend_from_slice(&piece),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    // One message of two bytes: field 1, SERVING.
    assert_eq!(data, b"\0\0\0\0\x02\x08\x01");
    assert_eq!(trailers.expect("gRPC ends with trailers")["grpc-status"], "0");
}

#[tokio::test]
async fn layers_of_tower_http_are_middlewares() {
    bounded(async {
        let name = HeaderName::from_static("x-cat");
        let request =
            SetRequestHeaderLayer::overriding(name.clone(), HeaderValue::from_static("from the layer"));
        let response = SetResponseHeaderLayer::overriding(name, HeaderValue::from_static("Tom"));
        let show = async |Path(id): Path<u32>, request: Request| {
            format!("{id} {}", request.header("x-cat").unwrap_or("nothing"))
        };
        let app = App::new()
            .middleware(tower_layer(TraceLayer::new_for_http()))
            .middleware(tower_layer(request))
            .add(Route::get("/cats/{id}", show).middleware(tower_layer(response)));
        let server = Server::start(app).await;
        let answer = server.get("/cats/7").await;
        assert_eq!((&*answer.body, answer.header("x-cat")), ("7 from the layer", Some("Tom")));
        assert_eq!(server.get("/dogs").await.status, 404);
    })
    .await;
}

/// Counts its requests in a field of its own, as a limit would.
#[derive(Clone)]
struct Counted<S> {
    inner: S,
    count: Arc<AtomicUsize>,
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> S::Future {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        // Longer than what it replaces: the values of the path stand elsewhere then.
        *request.uri_mut() = format!("http://cats.example/{count}/x").parse().expect("it is valid");
        self.inner.call(request)
    }
}

#[tokio::test]
async fn a_layer_is_applied_once_and_may_rewrite_the_path() {
    let layer = tower_layer_fn(|inner| Counted { inner, count: Arc::default() });
    let app = App::new().middleware(tower_layer(layer)).get(
        "/{a}/{b}",
        async |Path((a, b)): Path<(u32, String)>, request: Request| {
            format!("{a} {b} {}", request.host().unwrap_or_default())
        },
    );
    for count in 0..3 {
        let service = AppService::new(&app).expect("the app has no startup");
        let response = service.oneshot(get("/9/old")).await.expect("it never fails");
        let body = response.into_body().collect().await.expect("it is whole");
        assert_eq!(body, format!("{count} x cats.example"));
    }
}

fn tower_layer_fn<F>(layer: F) -> tower::layer::util::Stack<LayerFn<F>, tower::layer::util::Identity> {
    tower::layer::util::Stack::new(LayerFn(layer), tower::layer::util::Identity::new())
}

struct LayerFn<F>(F);

impl<S, T, F: Fn(S) -> T> tower::Layer<S> for LayerFn<F> {
    type Service = T;

    fn layer(&self, inner: S) -> T {
        (self.0)(inner)
    }
}

#[tokio::test]
async fn extractors_and_answers_of_axum_serve_in_handlers() {
    bounded(async {
        #[derive(serde::Deserialize)]
        struct Page {
            page: u32,
        }
        let query = async |Axum(from_axum::Query(Page { page })): Axum<from_axum::Query<Page>>| page.to_string();
        let json = async |Axum(axum::Json(values)): Axum<axum::Json<Vec<u32>>>| {
            Axum((StatusCode::CREATED, [("x-sum", values.iter().sum::<u32>().to_string())], axum::Json(values)))
        };
        let server = Server::start(App::new().get("/", query).post("/", json)).await;
        assert_eq!(server.get("/?page=7").await.body, "7");
        let refused = server.get("/?page=x").await;
        assert_eq!(refused.status, 400);
        assert!(refused.body.contains("page"), "{}", refused.body);
        let post = |kind: &str| {
            format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: 5\r\n\r\n[1,2]")
        };
        let answer = server.send(&post("application/json")).await;
        assert_eq!((answer.status, &*answer.body, answer.header("x-sum")), (201, "[1,2]", Some("3")));
        assert_eq!(server.send(&post("text/plain")).await.status, 415);
    })
    .await;
}
