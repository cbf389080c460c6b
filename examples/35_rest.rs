//! A web service in a few lines, for IPv6 and IPv4 at once.
//!
//! Run it with `cargo run --example 35_rest`. The log tells the port:
//!
//! ```sh
//! curl http://127.0.0.1:PORT/
//! curl http://[::1]:PORT/Ada
//! ```
//!
//! Who gives no name is greeted as Anonymous. Ctrl-C ends it when all requests are answered.

use mainspring::prelude::*;

async fn greet(name: &str) -> String {
    format!("Hello, {name}\n")
}

#[mainspring::main]
fn main() -> Entrypoint {
    let app = App::new()
        .get("/", || greet("Anonymous"))
        .get("/{name}", |Path(name): Path<String>| async move { greet(&name).await });
    Entrypoint::new("rest").service(HttpServer::bind("[::]:0", app))
}
