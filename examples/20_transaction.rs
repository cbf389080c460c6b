//! A resource is acquired, lent, and released by code that may await and knows how the body ended.
//!
//! Run it with `cargo run --example 20_transaction`.
//!
//! Three transactions begin. The first is committed; the second ends with an error and is rolled back; so is
//! the third, which a time-out cancels half-way. Each `exiting context` comes before the outcome.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::cancel::{Exit, with_resource};
use mainspring::prelude::*;
use tokio::time::sleep;

/// Stands for a connection to a database.
struct Connection;

impl Connection {
    async fn execute(&mut self, command: &str) -> Result {
        // To the server and back.
        sleep(Duration::from_millis(10)).await;
        println!("  {command}");
        Ok(())
    }
}

async fn begin() -> Result<Connection> {
    let mut connection = Connection;
    connection.execute("BEGIN").await?;
    println!("  entering context");
    Ok(connection)
}

async fn end(mut connection: Connection, exit: Exit) -> Result {
    let command = if exit.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute(command).await?;
    println!("  exiting context: {exit:?}");
    Ok(())
}

async fn transaction<T>(body: impl AsyncFnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    with_resource(begin(), body, end).await
}

async fn transfer(connection: &mut Connection) -> Result {
    connection.execute("UPDATE accounts").await
}

async fn overdraw(connection: &mut Connection) -> Result {
    connection.execute("UPDATE accounts").await?;
    Err("not enough money".into())
}

async fn hang(connection: &mut Connection) -> Result {
    connection.execute("UPDATE accounts").await?;
    std::future::pending().await
}

async fn run() -> Result {
    println!("transfer: {:?}", transaction(transfer).await);
    println!("overdraw: {:?}", transaction(overdraw).await);
    let hung = timeout(Duration::from_millis(200), transaction(hang)).await;
    println!("hang, in time: {}", hung.is_ok());
    Ok(())
}

fn main() -> Result {
    Entrypoint::new("transaction").run_until(run())?
}
