//! An HTTP application is a table of routes; a handler is an async function of what it wants to know.
//!
//! Run it with `cargo run --example 05_http_hello`, and ask from another terminal:
//!
//! ```sh
//! curl http://127.0.0.1:8080/
//! curl http://127.0.0.1:8080/hello/Ada
//! curl http://127.0.0.1:8080/sum/40/2
//! curl -i http://127.0.0.1:8080/sum/40/two
//! curl -i -X POST http://127.0.0.1:8080/
//! ```
//!
//! You see `Meow.`, `Hello, Ada!`, `42`, a 400 that says what is wrong, and a 405 that says what is allowed.

use mainspring::prelude::*;

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!")
}

/// The types say what may stand in the path: what is no number never gets here.
async fn sum(Path((left, right)): Path<(u32, u32)>) -> String {
    (u64::from(left) + u64::from(right)).to_string()
}

#[mainspring::main]
fn main() -> Entrypoint {
    let app =
        App::new().get("/", || async { "Meow." }).get("/hello/{name}", hello).get("/sum/{left}/{right}", sum);
    Entrypoint::new("hello").service(HttpServer::bind("127.0.0.1:8080", app))
}
