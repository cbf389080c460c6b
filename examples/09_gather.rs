//! Ten requests one after the other, and the same ten at once: `gather` gives all answers in order.
//!
//! Run it with `cargo run --example 09_gather`.
//!
//! A server in the same process takes 50 ms for each `HEAD /users/{id}` and knows the even ids only. You see
//! the ten answers twice: by number, then as they come. Then both lists, which are equal, both times, and
//! how many times faster the second way was: nearly ten.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::SocketAddr;

use mainspring::prelude::*;
use mainspring::web::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// What the server does.
async fn user(Path(id): Path<u32>) -> StatusCode {
    sleep(Duration::from_millis(50)).await;
    if id.is_multiple_of(2) { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

/// What the client does: one request on a connection of its own.
async fn exists(server: SocketAddr, id: u32) -> Result<bool> {
    let mut stream = TcpStream::connect(server).await?;
    let request = format!("HEAD /users/{id} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let found = answer.starts_with("HTTP/1.1 200 ");
    println!("{id} {found}");
    Ok(found)
}

async fn run() -> Result {
    let app = App::new().get("/users/{id}", user);
    let users = Entrypoint::new("users").service(HttpServer::bind("127.0.0.1:0", app)).start().await?;
    let server = users.address("http").ok_or("the server has no address")?;

    let started = Instant::now();
    let mut one_by_one = Vec::new();
    for id in 0..10 {
        one_by_one.push(exists(server, id).await?);
    }
    let slow = started.elapsed();

    let started = Instant::now();
    let at_once = gather((0..10).map(|id| exists(server, id))).await?;
    let fast = started.elapsed();

    println!("one by one: {one_by_one:?}");
    println!("at once:    {at_once:?}");
    let ratio = slow.as_secs_f64() / fast.as_secs_f64();
    println!("{} ms, {} ms: {ratio:.1} times as fast", slow.as_millis(), fast.as_millis());
    Ok(users.stop().await?)
}

fn main() -> Result {
    Entrypoint::new("gather").run_until(run())?
}
