use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use rustix::net::sockopt::set_socket_linger;

use super::answers::Answers;

/// More than a batch of answers.
const ROOM: usize = 32 * 1024;

/// One keep-alive connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    /// Answers that are still to come.
    pub(super) missing: usize,
    /// When the batch was due.
    pub(super) since: Instant,
    /// How much of the batch is sent.
    sent: usize,
    bytes: Vec<u8>,
    filled: usize,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, now: Instant) -> io::Result<Self> {
        let stream = connect(address)?;
        stream.set_nonblocking(true)?;
        Ok(Connection { stream, missing: 0, since: now, sent: 0, bytes: vec![0; ROOM], filled: 0 })
    }

    /// Begins a batch of `depth` requests. False when a part of it must wait for the socket.
    pub(super) fn begin(&mut self, batch: &[u8], depth: usize, since: Instant) -> io::Result<bool> {
        (self.missing, self.since, self.sent) = (depth, since, 0);
        self.send(batch)
    }

    /// Sends the rest of the batch. False when a part of it must wait for the socket.
    pub(super) fn send(&mut self, batch: &[u8]) -> io::Result<bool> {
        while let Some(rest) = batch.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Reads what is there; how many answers came to their end.
    pub(super) fn receive(&mut self, answers: &mut Answers) -> io::Result<usize> {
        match self.stream.read(self.bytes.get_mut(self.filled..).unwrap_or_default()) {
            Ok(0) => return Err(io::Error::other("the server has closed a connection")),
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        }
        let (mut start, mut count) = (0, 0);
        while start < self.filled {
            let rest = self.bytes.get(start..self.filled).unwrap_or_default();
            let Some(end) = answers.end(rest)? else { break };
            start += end;
            count += 1;
        }
        self.bytes.copy_within(start..self.filled, 0);
        self.filled -= start;
        if count > self.missing {
            return Err(io::Error::other("the server has answered more than it was asked"));
        }
        self.missing -= count;
        Ok(count)
    }
}

/// Connects, so that the port is free again at once when the connection is dropped.
pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    set_socket_linger(&stream, Some(std::time::Duration::ZERO))?;
    Ok(stream)
}
