//! The server on real sockets.

mod life;
mod sockets;
mod support;
