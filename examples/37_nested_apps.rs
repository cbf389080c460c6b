//! Apps within apps: each with its state, its middlewares and its life, all in one table of routes.
//!
//! Run it with `cargo run --example 37_nested_apps`, and ask from another terminal:
//!
//! ```sh
//! curl http://127.0.0.1:8080/
//! curl http://127.0.0.1:8080/api/users/7
//! curl http://127.0.0.1:8080/api/users/tom
//! curl -i http://127.0.0.1:8080/api/dogs
//! curl -H 'Host: admin.localhost' http://127.0.0.1:8080/
//! ```
//!
//! You see the URL of a user, made from the name of its route; the user, by number and by name; the 404 of the
//! inner app; and the app of another host. Ctrl-C closes the pool, when the last request is answered.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use mainspring::web::{Error, States, StatusCode, Urls};

/// What a pool of database connections would be.
#[derive(Clone)]
struct Pool {
    name: &'static str,
}

impl Pool {
    async fn close(self) {
        println!("the pool of {} is closed", self.name);
    }
}

async fn by_number(Path(id): Path<u64>, State(pool): State<Pool>) -> String {
    format!("user number {id} of {}", pool.name)
}

async fn by_name(Path(name): Path<String>) -> String {
    format!("user {name}")
}

async fn lost(request: Request) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("the API has nothing at {}", request.path()))
}

async fn index(urls: Urls) -> Result<String, Error> {
    Ok(urls.url_for("user", &[("id", "7")])?.query("tab", "posts & more").into())
}

/// Opened before the server listens; the future that is given beside it closes it at the end.
async fn pool(_: States) -> Result<(Pool, impl Future<Output = ()>)> {
    let pool = Pool { name: "cats" };
    Ok((pool.clone(), pool.close()))
}

#[mainspring::main]
fn main() -> Entrypoint {
    let api = App::new()
        .cleanup_ctx(pool)
        .add(Route::get("/users/{id:uint}", by_number).name("user").timeout(Duration::from_secs(5)))
        .get("/users/{name}", by_name)
        .fallback(lost);
    let admin = App::new().get("/", || async { "for the staff only" });
    let app = App::new().get("/", index).nest("/api", api).host("admin.localhost", admin);
    Entrypoint::new("nested").service(HttpServer::bind("127.0.0.1:8080", app))
}
