//! The ready-made middlewares, on real sockets.

mod access_log;
mod limits;
mod simple;
mod site;
