use mainspring::prelude::*;
use mainspring::web::{Html, StatusCode};
use serde_json::Value;

use crate::rate::Rate;
use crate::{chat, events};

pub(crate) fn app(rate: Shared<Rate>) -> App {
    App::new()
        .state(rate)
        .state(chat::room())
        .get("/", || async { "Meow." })
        .get("/hello/{name}", hello)
        .get("/rate", current_rate)
        .post("/echo", echo)
        .get("/users/{id}", user)
        .get("/sleep/{ms}", sleep)
        .get("/events", events::events)
        .get("/ws", chat::chat)
        .get("/live", || async { Html(include_str!("live.html")) })
}

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}")
}

async fn current_rate(State(rate): State<Shared<Rate>>) -> Json<Rate> {
    Json(rate.get())
}

async fn echo(Json(document): Json<Value>) -> Json<Value> {
    Json(document)
}

/// Every other user exists.
async fn user(Path(id): Path<u64>) -> StatusCode {
    if id % 2 == 0 { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

async fn sleep(Path(ms): Path<u64>) -> String {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    format!("slept {ms} ms")
}
