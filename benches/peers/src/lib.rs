//! What the measured servers of other frameworks share: the document they echo, their socket, their allocator.
//!
//! Each program in `bin/` answers `GET /` with a line of text and `POST /json` with the document it got, on the port
//! that is its first argument, with one thread for the requests.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The text of `GET /`.
pub const HELLO: &str = "Hello, World!";

/// More connections than any bench opens.
pub const CONNECTIONS: usize = 30_000;

/// What `POST /json` reads and writes again.
#[derive(Deserialize, Serialize)]
pub struct Document {
    id: u64,
    name: String,
    email: String,
    active: bool,
    score: f64,
    tags: Vec<String>,
    items: Vec<Item>,
    comment: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Item {
    sku: String,
    qty: u32,
    price: f64,
    note: String,
    flags: Vec<bool>,
}

/// The port that the first argument names.
pub fn port() -> u16 {
    std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8080)
}

/// Whether the second argument says so.
pub fn is(mode: &str) -> bool {
    std::env::args().nth(2).is_some_and(|said| said == mode)
}

/// A listening socket that does not block, with room for many connections to come at once.
pub fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port())).into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}
