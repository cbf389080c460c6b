use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use bytes::Bytes;
use nix::sys::socket::{self, ControlMessageOwned, MsgFlags, SockaddrLike, SockaddrStorage, sockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::Counters;

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

/// Takes datagrams from a socket, and learns how many the system has thrown away.
#[derive(Debug)]
pub(super) struct Receiver {
    socket: Arc<UdpSocket>,
    counters: Counters,
    buffer: Box<[u8]>,
    control: Vec<u8>,
    /// What the system has thrown away since the socket was made.
    dropped: u32,
}

impl Receiver {
    pub(super) fn new(socket: Arc<UdpSocket>, counters: &Counters) -> io::Result<Self> {
        socket::setsockopt(&*socket, sockopt::RxqOvfl, &1)?;
        let (buffer, control) = (vec![0; LARGEST].into(), nix::cmsg_space!(u32));
        Ok(Receiver { socket, counters: counters.clone(), buffer, control, dropped: 0 })
    }

    /// Waits for the next one: its length and who sent it. It stays here until the next call.
    pub(super) async fn receive(&mut self) -> io::Result<(usize, SocketAddr)> {
        let Receiver { socket, buffer, control, .. } = self;
        let take = || take(socket, buffer, control);
        let (length, peer, dropped) = socket.async_io(Interest::READABLE, take).await?;
        if let Some(dropped) = dropped {
            self.counters.dropped(dropped.wrapping_sub(self.dropped));
            self.dropped = dropped;
        }
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

/// Takes one datagram if there is one: its length, who sent it, and what the system threw away before it.
fn take(
    socket: &UdpSocket,
    buffer: &mut [u8],
    control: &mut [u8],
) -> io::Result<(usize, SocketAddr, Option<u32>)> {
    let mut slices = [IoSliceMut::new(buffer)];
    let message = socket::recvmsg::<SockaddrStorage>(
        socket.as_raw_fd(),
        &mut slices,
        Some(control),
        MsgFlags::empty(),
    )?;
    let dropped = message.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::RxqOvfl(dropped) => Some(dropped),
        _ => None,
    });
    let peer = message.address.as_ref().and_then(ip);
    let peer = peer.ok_or_else(|| io::Error::other("a datagram came without the address of its sender"))?;
    Ok((message.bytes, peer, dropped))
}

fn ip(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = || address.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    let v6 = || address.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into());
    address.family().and_then(|_| v4().or_else(v6))
}
