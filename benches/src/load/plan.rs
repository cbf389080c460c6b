use std::net::SocketAddr;

const DOCUMENT: &[u8] = include_bytes!("../bin/document.json");

/// What is sent, on how many connections, how fast.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Where to.
    pub address: SocketAddr,
    /// What.
    pub request: Request,
    /// On how many connections.
    pub connections: usize,
    /// How many requests are sent at once on each.
    pub depth: usize,
    /// Requests per second; as many as the server answers when not set.
    pub rate: Option<u32>,
}

/// A request that all the compared servers answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// `GET /`, answered with `Hello, World!`.
    Get,
    /// `POST /json` with a document of 1,024 bytes, answered with the same document.
    Json,
}

impl Request {
    /// The request as it stands on the wire.
    #[must_use]
    pub fn bytes(self, address: SocketAddr) -> Vec<u8> {
        match self {
            Request::Get => format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes(),
            Request::Json => {
                let head = format!(
                    "POST /json HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    DOCUMENT.len()
                );
                [head.as_bytes(), DOCUMENT].concat()
            }
        }
    }
}
