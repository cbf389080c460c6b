//! Datagrams, and how many the system has thrown away before each: Linux tells.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::sys::socket::{self, ControlMessageOwned, MsgFlags, SockaddrLike, SockaddrStorage, sockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;

#[derive(Debug)]
pub(super) struct Losses {
    control: Vec<u8>,
    /// Since the socket was made.
    known: u32,
}

impl Losses {
    pub(super) fn watch(socket: &UdpSocket) -> io::Result<Self> {
        socket::setsockopt(socket, sockopt::RxqOvfl, &1)?;
        Ok(Losses { control: nix::cmsg_space!(u32), known: 0 })
    }

    /// Waits for a datagram: its length, who sent it, and how many were lost since the one before.
    pub(super) async fn receive(
        &mut self,
        socket: &UdpSocket,
        buffer: &mut [u8],
    ) -> io::Result<(usize, SocketAddr, u32)> {
        let take = || take(socket, buffer, &mut self.control);
        let (length, peer, dropped) = socket.async_io(Interest::READABLE, take).await?;
        let dropped = dropped.unwrap_or(self.known);
        let lost = dropped.wrapping_sub(std::mem::replace(&mut self.known, dropped));
        Ok((length, peer, lost))
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
