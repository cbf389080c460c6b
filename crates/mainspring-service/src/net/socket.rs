use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainspring_task::threaded;
use socket2::{SockRef, Type};
use tokio::net::TcpListener;

use super::bind::{bind, buffers};
use super::inherit::{Bound, Held, Wanted, take};
use super::unix_path::{UnixPath, listen};
use super::wire::Wire;
use super::{Options, Peer, UnixListener};
use crate::{Context, Result};

/// What marks an address as the path of a Unix socket.
pub(super) const UNIX: &str = "unix:";

/// A socket of either family that accepts connections.
#[derive(Debug)]
pub(super) struct Socket {
    family: Family,
    /// How it is found when the process hands its sockets over.
    held: Arc<Held>,
}

#[derive(Debug)]
enum Family {
    Tcp(Arc<TcpListener>),
    Unix(Arc<UnixListener>, UnixPath),
}

impl Socket {
    /// Binds an address, or a path that follows `unix:`, unless a socket was inherited for it.
    pub(super) async fn bind(cx: &Context, scheme: &str, address: &str, options: &Options) -> Result<Self> {
        match address.strip_prefix(UNIX) {
            Some(path) => Socket::bind_path(cx, scheme, address, path.into(), options).await,
            None => Socket::bind_address(cx, scheme, address, options).await,
        }
    }

    async fn bind_address(cx: &Context, scheme: &str, address: &str, options: &Options) -> Result<Self> {
        let socket = bind(cx.service(), address, Type::STREAM, options).await?;
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
        let socket = Arc::new(TcpListener::from_std(socket.into())?);
        cx.listening(scheme, socket.local_addr()?);
        let held = Held::new(cx.service(), address, socket.clone());
        Ok(Socket { family: Family::Tcp(socket), held })
    }

    async fn bind_path(
        cx: &Context,
        scheme: &str,
        address: &str,
        path: PathBuf,
        options: &Options,
    ) -> Result<Self> {
        let refuse = |error: io::Error| format!("cannot listen on {}: {error}", path.display());
        // Should the working folder change, the path that is removed must be the one that was bound.
        let path = std::path::absolute(&path).map_err(refuse)?;
        let wanted = Wanted { service: cx.service(), address, kind: Type::STREAM, bound: Bound::Path(&path) };
        let (socket, bound) = match take(&wanted) {
            Some(socket) => {
                socket.set_nonblocking(true)?;
                (socket.into(), UnixPath::of(&path))
            }
            None => {
                let (place, mode, backlog) = (path.clone(), options.mode, options.backlog);
                threaded(move || listen(&place, mode, backlog)).await?.map_err(refuse)?
            }
        };
        let socket = Arc::new(UnixListener::from_std(socket)?);
        cx.listening(scheme, path);
        let held = Held::new(cx.service(), address, socket.clone());
        Ok(Socket { family: Family::Unix(socket, bound), held })
    }

    pub(super) fn is_tcp(&self) -> bool {
        matches!(self.family, Family::Tcp(_))
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match &self.family {
            Family::Tcp(socket) => socket.local_addr(),
            Family::Unix(..) => Err(io::Error::new(io::ErrorKind::Unsupported, "a Unix socket has a path")),
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match &self.family {
            Family::Tcp(_) => None,
            Family::Unix(_, path) => Some(path.path()),
        }
    }

    pub(super) async fn accept(&self, options: &Options) -> io::Result<(Wire, Peer)> {
        match &self.family {
            Family::Tcp(socket) => {
                let (stream, address) = socket.accept().await?;
                Ok((Wire::Tcp(stream), Peer::of(Some(address))))
            }
            Family::Unix(socket, _) => {
                let (stream, _) = socket.accept().await?;
                // Unlike one of TCP, it does not have those of the socket that listens.
                buffers(&SockRef::from(&stream), options)?;
                Ok((Wire::Unix(stream), Peer::of(None)))
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Family::Unix(_, path) = &mut self.family
            && self.held.is_handed_over()
        {
            path.leave();
        }
    }
}
