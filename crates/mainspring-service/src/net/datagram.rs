use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::UdpSocket;

use super::Counters;
use super::losses::Losses;

/// The largest payload of a datagram.
const LARGEST: usize = 65_535;

/// One datagram and the way back to who sent it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Datagram {
    /// What it carries.
    pub data: Bytes,
    /// Who sent it.
    pub peer: SocketAddr,
    socket: Arc<UdpSocket>,
    counters: Counters,
}

impl Datagram {
    /// Sends a datagram back to the peer.
    ///
    /// # Errors
    ///
    /// When the system does not take it, as when it is larger than a datagram can be.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is sent whole or not at all.
    pub async fn reply(&self, data: &[u8]) -> io::Result<()> {
        let sent = self.socket.send_to(data, self.peer).await?;
        self.counters.sent(sent);
        Ok(())
    }
}

/// Takes datagrams from a socket, and learns how many the system has thrown away where it tells.
#[derive(Debug)]
pub(super) struct Receiver {
    socket: Arc<UdpSocket>,
    counters: Counters,
    buffer: Box<[u8]>,
    losses: Losses,
}

impl Receiver {
    pub(super) fn new(socket: Arc<UdpSocket>, counters: &Counters) -> io::Result<Self> {
        let (buffer, losses) = (vec![0; LARGEST].into(), Losses::watch(&socket)?);
        Ok(Receiver { socket, counters: counters.clone(), buffer, losses })
    }

    /// Waits for the next one: its length and who sent it. It stays here until the next call.
    pub(super) async fn receive(&mut self) -> io::Result<(usize, SocketAddr)> {
        let (length, peer, lost) = self.losses.receive(&self.socket, &mut self.buffer).await?;
        self.counters.dropped(lost);
        Ok((length, peer))
    }

    /// The first bytes of what was received, in memory of their own.
    ///
    /// A copy: cut out of a larger buffer, a small datagram would hold all of it for as long as its handler
    /// takes.
    pub(super) fn datagram(&self, length: usize, peer: SocketAddr) -> Datagram {
        self.counters.received(length);
        let data = Bytes::copy_from_slice(self.buffer.get(..length).unwrap_or_default());
        Datagram { data, peer, socket: Arc::clone(&self.socket), counters: self.counters.clone() }
    }
}
