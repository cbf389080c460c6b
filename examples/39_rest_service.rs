//! A service that makes its own application: one handler behind two routes, of which one has a parameter.
//!
//! Run it with `cargo run --example 39_rest_service`, and ask from another terminal:
//!
//! ```sh
//! curl 'http://[::1]:8081/'
//! curl 'http://[::1]:8081/Ada'
//! ```
//!
//! You see `Hello, Anonymous` and `Hello, Ada`.

use mainspring::prelude::*;

async fn handle(request: Request) -> String {
    let name = request.param("name").unwrap_or("Anonymous".into());
    format!("Hello, {name}")
}

/// A service of one's own is a function that gives one: with what it needs as arguments.
fn rest(address: &str) -> HttpServer {
    let app = App::new().get("/", handle).get("/{name}", handle);
    HttpServer::bind(address, app).name("rest")
}

#[mainspring::main]
fn main() -> Entrypoint {
    Entrypoint::new("rest").service(rest("[::]:8081"))
}
