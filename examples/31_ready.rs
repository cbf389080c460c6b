//! A service that goes on running says when it is up; who needs something of it waits just so long.
//!
//! Run it with `cargo run --example 31_ready`.
//!
//! Both start together. The page asks for the table before there is one, and goes on when it is provided. At the
//! end the page stops first, since it has needed the table: nobody has written that order down.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use mainspring::prelude::*;
use tokio::time::sleep;

struct Table(Vec<u32>);

async fn table(cx: Context) {
    println!("table: loading");
    sleep(Duration::from_millis(50)).await;
    cx.provide(Table(vec![1, 2, 3]));
    println!("table: up");
    cx.ready();
    cx.stopping().wait().await;
    println!("table: down");
}

async fn page(cx: Context) -> Result {
    println!("page: waiting");
    let table = cx.require::<Table>().await?;
    println!("page: up, with {} rows", table.0.len());
    cx.ready();
    cx.stopping().wait().await;
    println!("page: down, with {} rows still there", table.0.len());
    Ok(())
}

fn main() -> Result {
    let entrypoint = Entrypoint::new("ready").service(("page", page)).service(("table", table));
    entrypoint.run_until(async { println!("all are ready") })?;
    Ok(())
}
