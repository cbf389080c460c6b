//! A middleware sees the request before the handler and the answer after it. The first added is the outermost.
//!
//! Run it with `cargo run --example 38_middleware`, and ask from another terminal:
//!
//! ```sh
//! curl -i http://127.0.0.1:8080/
//! ```
//!
//! The client gets `Hello` with the header `x-outer`; the program prints:
//!
//! ```text
//! Outer middleware called
//! Middleware called
//! Handler function called
//! Middleware finished
//! Outer middleware finished
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use mainspring::web::{Error, Next};

async fn outer(request: Request, next: Next) -> Result<Response, Error> {
    println!("Outer middleware called");
    let mut response = next.run(request).await;
    println!("Outer middleware finished");
    response.insert("x-outer", "was here")?;
    Ok(response)
}

async fn middleware(request: Request, next: Next) -> Response {
    println!("Middleware called");
    let response = next.run(request).await;
    println!("Middleware finished");
    response
}

async fn test() -> &'static str {
    println!("Handler function called");
    "Hello"
}

#[mainspring::main]
fn main() -> Entrypoint {
    let app = App::new().middleware(outer).middleware(middleware).get("/", test);
    Entrypoint::new("middleware").service(HttpServer::bind("127.0.0.1:8080", app))
}
