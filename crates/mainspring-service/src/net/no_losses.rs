//! Where the system does not tell what it throws away: the same names, and no losses.

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;

#[derive(Debug)]
pub(super) struct Losses;

impl Losses {
    #[expect(clippy::unnecessary_wraps, reason = "where there are losses to watch, it can fail")]
    pub(super) fn watch(_: &UdpSocket) -> io::Result<Self> {
        Ok(Losses)
    }

    /// Waits for a datagram: its length, who sent it, and no loss.
    pub(super) async fn receive(
        &self,
        socket: &UdpSocket,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SocketAddr, u32)> {
        let (length, peer) = socket.recv_from(buffer).await?;
        Ok((length, peer, 0))
    }
}
