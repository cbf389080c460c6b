use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::answers::Answers;
use super::connection::connect;
use super::plan::Request;

/// Connections that have been answered once and say no more.
#[derive(Debug)]
pub struct Idle {
    streams: Vec<TcpStream>,
}

impl Idle {
    /// Opens so many, one after the other, each with one `GET /`.
    ///
    /// # Errors
    ///
    /// When the server refuses or does not answer one.
    pub fn open(address: SocketAddr, count: usize) -> io::Result<Self> {
        let request = Request::Get.bytes(address);
        let mut answers = Answers::default();
        let mut streams = Vec::with_capacity(count);
        let mut bytes = [0; 4096];
        for _ in 0..count {
            let mut stream = connect(address)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(&request)?;
            let mut filled = 0;
            while answers.end(bytes.get(..filled).unwrap_or_default())?.is_none() {
                match stream.read(bytes.get_mut(filled..).unwrap_or_default())? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => filled += count,
                }
            }
            streams.push(stream);
        }
        Ok(Idle { streams })
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.streams.len()
    }
}
