//! The measured server: `GET /` gives a line of text, `POST /json` reads a typed document and writes it again.
//!
//! `plaintext [PORT] [current|percore|shared]`

use std::process::ExitCode;

use mainspring::web::{App, HttpServer, Json};
use mainspring::{Entrypoint, Runtime};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize, Serialize)]
struct Document {
    id: u64,
    name: String,
    email: String,
    active: bool,
    score: f64,
    tags: Vec<String>,
    items: Vec<Item>,
    comment: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    sku: String,
    qty: u32,
    price: f64,
    note: String,
    flags: Vec<bool>,
}

async fn hello() -> &'static str {
    "Hello, World!"
}

async fn echo(Json(document): Json<Document>) -> Json<Document> {
    Json(document)
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let port = args.next().unwrap_or_else(|| "8080".to_owned());
    let runtime = match args.next().as_deref() {
        None | Some("current") => Runtime::Current,
        Some("percore") => Runtime::PerCore,
        Some("shared") => Runtime::Shared,
        Some(_) => return ExitCode::from(2),
    };
    let app = App::new().get("/", hello).post("/json", echo);
    let server = HttpServer::bind(format!("127.0.0.1:{port}"), app);
    Entrypoint::new("plaintext").runtime(runtime).workers(1).service(server).run()
}
