//! The ready-made middlewares, on real sockets.

mod access_log;
mod auth;
#[cfg(feature = "compression")]
mod coding;
mod endless;
mod limits;
mod origin;
#[cfg(feature = "cookies")]
mod session;
mod simple;
mod site;
mod streams;
