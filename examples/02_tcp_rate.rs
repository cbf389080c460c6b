//! A TCP server tells a value that another service refreshes.
//!
//! Run it with `cargo run --example 02_tcp_rate`, and ask from another terminal:
//!
//! ```sh
//! nc 127.0.0.1 8888
//! ```
//!
//! Each connection gets one line, `Dollar rate is 43. `, and is closed. The number grows every
//! second. The two services know nothing of each other: they share the value.

use std::io;

use mainspring::prelude::*;
use tokio::io::AsyncWriteExt;

/// Stands in for asking the bank.
async fn refresh(rate: Shared<u32>) {
    rate.update(|rate| *rate += 1);
}

/// Runs once for each connection; an error ends that connection and is logged.
async fn tell(rate: Shared<u32>, mut client: Connection) -> io::Result<()> {
    client.write_all(format!("Dollar rate is {}. \n", rate.get()).as_bytes()).await
}

#[mainspring::main]
fn main() -> Entrypoint {
    let rate = Shared::new(42);
    let told = rate.clone();
    Entrypoint::new("rates")
        .service(Periodic::every(Duration::from_secs(1), move || refresh(rate.clone())).name("refresh"))
        .service(TcpServer::bind("127.0.0.1:8888", move |client| tell(told.clone(), client)))
}
