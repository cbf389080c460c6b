//! A UDP server runs a handler for each datagram.
//!
//! Run it with `cargo run --example 03_udp_printer`, and send from another terminal:
//!
//! ```sh
//! echo tick | nc -u -w1 127.0.0.1 3000
//! ```
//!
//! The log shows who sent what, `127.0.0.1:50123 -> tick`, and `nc` shows the answer, `got 5 bytes`.
//! At most 1,024 handlers run at once; what comes meanwhile waits in the kernel.

use std::io;

use mainspring::prelude::*;

async fn print(datagram: Datagram) -> io::Result<()> {
    let text = String::from_utf8_lossy(&datagram.data);
    tracing::info!("{} -> {}", datagram.peer, text.trim_end());
    datagram.reply(format!("got {} bytes\n", datagram.data.len()).as_bytes()).await
}

#[mainspring::main]
fn main() -> Entrypoint {
    Entrypoint::new("printer").service(UdpServer::bind("127.0.0.1:3000", print))
}
